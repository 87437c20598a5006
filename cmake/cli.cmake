# build/bin/savedmodel, all of the project in one program, and tensorflow_model_server, its other name.
file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*.c)
file(GLOB cli_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cli/*_test.c)
if(cli_tests)
  list(REMOVE_ITEM cli_sources ${cli_tests})
endif()
add_executable(savedmodel ${cli_sources})
target_link_libraries(savedmodel PRIVATE sm_savedmodel sm_serving sm_net sm_capi sm_checkpoint sm_wire)
add_custom_command(TARGET savedmodel POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E create_symlink savedmodel ${CMAKE_BINARY_DIR}/bin/tensorflow_model_server)

install(TARGETS savedmodel RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(CODE "execute_process(COMMAND ${CMAKE_COMMAND} -E create_symlink savedmodel
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/tensorflow_model_server\")")
install(FILES docs/man/savedmodel.1 docs/man/tensorflow_model_server.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# tests/cli/NAME.sh on the program, and the models of tests/data/models answering as TensorFlow did.
if(SM_TESTS)
  file(GLOB cli_scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/cli/*.sh)
  list(REMOVE_ITEM cli_scripts ${CMAKE_SOURCE_DIR}/tests/cli/run.sh)
  foreach(script ${cli_scripts})
    get_filename_component(name ${script} NAME_WE)
    add_test(NAME cli/${name} COMMAND sh ${CMAKE_SOURCE_DIR}/tests/cli/run.sh ${CMAKE_BINARY_DIR}/bin ${name})
  endforeach()
  file(GLOB model_goldens CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/data/models/*/golden.tfrecord)
  foreach(golden ${model_goldens})
    get_filename_component(model ${golden} DIRECTORY)
    get_filename_component(name ${model} NAME)
    add_test(NAME replay/${name} COMMAND savedmodel replay ${model})
  endforeach()
  if(NOT SM_SANITIZE)
    add_test(NAME install COMMAND sh ${CMAKE_SOURCE_DIR}/tests/install.sh ${CMAKE_BINARY_DIR})
  endif()
endif()
