# libsavedmodel (SM_): static and shared library, its tests and the examples, on a libtensorflow:
# ours, the target `tensorflow`, or a foreign one named by SM_TENSORFLOW_LIB.
if(NOT SM_TENSORFLOW_LIB AND NOT TARGET tensorflow)
  return()
endif()

# tensorflow_api: whatever provides the TF_ functions.
add_library(tensorflow_api INTERFACE)
if(SM_TENSORFLOW_LIB)
  target_link_libraries(tensorflow_api INTERFACE ${SM_TENSORFLOW_LIB})
  foreach(lib ${SM_TENSORFLOW_LIB})
    get_filename_component(lib_dir ${lib} DIRECTORY)
    target_link_options(tensorflow_api INTERFACE -Wl,-rpath,${lib_dir})
  endforeach()
else()
  target_link_libraries(tensorflow_api INTERFACE tensorflow)
endif()

# sm_support: what libsavedmodel takes from the layers below the C API. Built apart from those layers, without their
# TF_Status: nothing of our runtime may get into a program that runs on another libtensorflow.
file(GLOB sm_support CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.c ${CMAKE_SOURCE_DIR}/src/wire/*.c)
list(FILTER sm_support EXCLUDE REGEX "(_test\\.c|base/status\\.c)$")
add_library(sm_support STATIC ${sm_support} ${CMAKE_SOURCE_DIR}/src/checkpoint/checkpoint_state.c)
target_include_directories(sm_support PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(sm_support PUBLIC sm_proto PkgConfig::PROTOBUF_C PkgConfig::ZLIB Threads::Threads OpenMP::OpenMP_C m)

file(GLOB sm_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/savedmodel/*.c)
file(GLOB sm_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/savedmodel/*_test.c)
list(FILTER sm_sources EXCLUDE REGEX "_test\\.c$")
add_library(sm_savedmodel STATIC ${sm_sources})
target_link_libraries(sm_savedmodel PUBLIC sm_support)

# libsavedmodel.so: the SM_ functions; all else is hidden.
add_library(savedmodel_shared SHARED ${sm_sources})
set_target_properties(savedmodel_shared PROPERTIES OUTPUT_NAME savedmodel VERSION ${PROJECT_VERSION} SOVERSION 0)
target_link_libraries(savedmodel_shared PRIVATE sm_support tensorflow_api)
target_link_options(savedmodel_shared PRIVATE -Wl,--exclude-libs,ALL)
target_include_directories(savedmodel_shared INTERFACE ${CMAKE_SOURCE_DIR}/include)

# libsavedmodel.a: one object of all of it, where only the SM_ functions are global.
find_program(OBJCOPY NAMES ${CMAKE_OBJCOPY} objcopy)
if(OBJCOPY AND NOT SM_SANITIZE)
  set(archive ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/libsavedmodel.a)
  add_custom_command(
    OUTPUT ${archive}
    COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${CMAKE_BINARY_DIR}/savedmodel_one.o
            -Wl,--whole-archive $<TARGET_FILE:sm_savedmodel> -Wl,--no-whole-archive
            $<TARGET_FILE:sm_support> $<TARGET_FILE:sm_proto>
    COMMAND ${OBJCOPY} --localize-hidden ${CMAKE_BINARY_DIR}/savedmodel_one.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} rcs ${archive} ${CMAKE_BINARY_DIR}/savedmodel_one.o
    DEPENDS sm_savedmodel sm_support sm_proto
    COMMENT "libsavedmodel.a")
  add_custom_target(savedmodel_archive ALL DEPENDS ${archive})
endif()

file(GLOB sm_examples CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/examples/*.c)
add_custom_target(examples)
foreach(example ${sm_examples})
  get_filename_component(name ${example} NAME_WE)
  add_dependencies(examples example_${name})
  add_executable(example_${name} ${example})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/examples)
  target_link_libraries(example_${name} PRIVATE savedmodel_shared tensorflow_api)
endforeach()

if(SM_TESTS)
  # The C half of tests/interop/sm_interop.py.
  add_executable(sm_program ${CMAKE_SOURCE_DIR}/tests/interop/sm_program.c)
  set_target_properties(sm_program PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(sm_program PRIVATE savedmodel_shared tensorflow_api)
endif()
if(SM_TESTS AND CMOCKA_LIB)
  foreach(test ${sm_tests})
    get_filename_component(name ${test} NAME_WE)
    add_executable(${name} ${test})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(${name} PRIVATE sm_savedmodel tensorflow_api ${CMOCKA_LIB})
    add_test(NAME savedmodel/${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endforeach()
endif()

# foreign_tests: what `make interop` builds and runs (ctest -L foreign) on a foreign libtensorflow.
if(SM_TENSORFLOW_LIB AND SM_TESTS)
  if(NOT TARGET foreign_tests)
    add_custom_target(foreign_tests)
  endif()
  add_dependencies(foreign_tests sm_program savedmodel_shared)
  foreach(example ${sm_examples})
    get_filename_component(name ${example} NAME_WE)
    add_dependencies(foreign_tests example_${name})
  endforeach()
  if(CMOCKA_LIB)
    foreach(test ${sm_tests})
      get_filename_component(name ${test} NAME_WE)
      add_dependencies(foreign_tests ${name})
      set_tests_properties(savedmodel/${name} PROPERTIES LABELS foreign)
    endforeach()
  endif()
endif()

if(NOT SM_TENSORFLOW_LIB)
  install(TARGETS savedmodel_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/savedmodel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  if(OBJCOPY AND NOT SM_SANITIZE)
    install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
  configure_file(${CMAKE_SOURCE_DIR}/cmake/savedmodel.pc.in ${CMAKE_BINARY_DIR}/savedmodel.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/savedmodel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
