# opdefs.tsv goes into the program by the assembler, which looks it up from the top of the tree.
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/graph/opdefs_data.c PROPERTIES
  COMPILE_OPTIONS "-Wa,-I${CMAKE_SOURCE_DIR}"
  OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/src/graph/opdefs.tsv)

# libtensorflow.so.2: the C API for other programs. Only TF_ functions are visible: all else is hidden.
# Whole archives, because nothing in the library itself refers to most of the API.
if(NOT SM_TENSORFLOW_LIB)
  file(WRITE ${CMAKE_BINARY_DIR}/libtensorflow.c "typedef int libtensorflow_is_made_of_archives;\n")
  add_library(tensorflow SHARED ${CMAKE_BINARY_DIR}/libtensorflow.c)
  set_target_properties(tensorflow PROPERTIES VERSION 2.15.1 SOVERSION 2)
  target_link_libraries(tensorflow PRIVATE
    -Wl,--whole-archive sm_capi sm_tensor sm_base -Wl,--no-whole-archive
    PUBLIC Threads::Threads)
  target_link_options(tensorflow PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/libtensorflow.map)
  if(NOT SM_SANITIZE) # clang's sanitizers are in the program, not in its libraries
    target_link_options(tensorflow PRIVATE -Wl,--no-undefined)
  endif()
  set_target_properties(tensorflow PROPERTIES LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/libtensorflow.map)
  target_include_directories(tensorflow INTERFACE ${CMAKE_SOURCE_DIR}/include)

  install(TARGETS tensorflow LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY include/tensorflow DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  configure_file(cmake/tensorflow.pc.in ${CMAKE_BINARY_DIR}/tensorflow.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/tensorflow.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

# The tests of the C API use public functions only: they run on ours, or on the library that SM_TENSORFLOW_LIB names.
if(SM_TESTS AND CMOCKA_LIB)
  if(SM_TENSORFLOW_LIB)
    add_custom_target(foreign_tests) # libsavedmodel's tests come in too
    list(GET SM_TENSORFLOW_LIB 0 first_foreign)
  endif()
  file(GLOB capi_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/capi_*_test.c)
  foreach(test ${capi_tests})
    get_filename_component(test_name ${test} NAME_WE)
    add_executable(${test_name} ${test})
    set_target_properties(${test_name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_include_directories(${test_name} PRIVATE ${CMAKE_SOURCE_DIR}/include)
    if(SM_TENSORFLOW_LIB)
      get_filename_component(foreign_dir ${first_foreign} DIRECTORY)
      target_link_libraries(${test_name} PRIVATE ${SM_TENSORFLOW_LIB} ${CMOCKA_LIB})
      target_link_options(${test_name} PRIVATE -Wl,-rpath,${foreign_dir})
      add_dependencies(foreign_tests ${test_name})
    else()
      target_link_libraries(${test_name} PRIVATE tensorflow ${CMOCKA_LIB})
    endif()
    add_test(NAME capi/${test_name} COMMAND ${test_name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    if(SM_TENSORFLOW_LIB)
      set_tests_properties(capi/${test_name} PROPERTIES LABELS foreign)
    endif()
  endforeach()
endif()
