# The server: net and serving use the C API alone, so they also run on a foreign libtensorflow
# (SM_TENSORFLOW_LIB), which is then linked first: its TF_ functions come before ours of base/status.c.
layer(net DEPS base LIBS PkgConfig::EVENT PkgConfig::NGHTTP2 PkgConfig::ZLIB)
layer(serving DEPS base wire net)

if(SM_TENSORFLOW_LIB)
  # The server alone on that library, for comparing the two.
  add_executable(foreign_model_server ${CMAKE_SOURCE_DIR}/src/serving/foreign/main.c)
  list(GET SM_TENSORFLOW_LIB 0 first_lib)
  get_filename_component(first_dir ${first_lib} DIRECTORY)
  target_link_libraries(foreign_model_server PRIVATE ${SM_TENSORFLOW_LIB} sm_serving)
  target_link_options(foreign_model_server PRIVATE -Wl,--no-as-needed,-rpath,${first_dir})
  set_target_properties(foreign_model_server PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()
