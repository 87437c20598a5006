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
