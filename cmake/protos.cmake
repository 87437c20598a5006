# sm_proto: the messages of proto/, compiled by protoc-c.
find_program(PROTOC_C protoc-c REQUIRED)
file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/proto ${CMAKE_SOURCE_DIR}/proto/*.proto)
set(proto_dir ${CMAKE_BINARY_DIR}/proto)
set(proto_sources "")
set(proto_headers "")
foreach(proto ${protos})
  string(REGEX REPLACE "\\.proto$" "" stem ${proto})
  list(APPEND proto_sources ${proto_dir}/${stem}.pb-c.c)
  list(APPEND proto_headers ${proto_dir}/${stem}.pb-c.h)
endforeach()
list(TRANSFORM protos PREPEND ${CMAKE_SOURCE_DIR}/proto/ OUTPUT_VARIABLE proto_paths)
file(MAKE_DIRECTORY ${proto_dir})
add_custom_command(
  OUTPUT ${proto_sources} ${proto_headers}
  COMMAND ${PROTOC_C} -I ${CMAKE_SOURCE_DIR}/proto --c_out=${proto_dir} ${protos}
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/proto
  DEPENDS ${proto_paths}
  COMMENT "protoc-c")
add_library(sm_proto STATIC ${proto_sources})
set_source_files_properties(${proto_sources} PROPERTIES COMPILE_OPTIONS "-w")
target_include_directories(sm_proto SYSTEM PUBLIC ${proto_dir})
target_link_libraries(sm_proto PUBLIC PkgConfig::PROTOBUF_C)
