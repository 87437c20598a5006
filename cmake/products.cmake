# Products: filled in below by the layers that make them.
include(cmake/libsavedmodel.cmake)
include(cmake/bench.cmake)
include(cmake/server.cmake)
