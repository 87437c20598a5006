# What the layers are put together to.
set(SM_TENSORFLOW_LIB "" CACHE STRING "a foreign libtensorflow to build libsavedmodel, its tests and the C API tests on (a list; empty: ours)")
include(cmake/libtensorflow.cmake)
include(cmake/libsavedmodel.cmake)
include(cmake/server.cmake)
if(NOT SM_TENSORFLOW_LIB)
  include(cmake/cli.cmake)
endif()
include(cmake/bench.cmake)
