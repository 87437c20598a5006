# bench/LAYER_bench.c: a program that times a layer; `ninja LAYER_bench`, run by the script of its name in bench/.
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.c)
foreach(bench_source ${bench_sources})
  get_filename_component(bench_name ${bench_source} NAME_WE)
  string(REGEX REPLACE "_bench$" "" bench_layer ${bench_name})
  add_executable(${bench_name} EXCLUDE_FROM_ALL ${bench_source})
  set_target_properties(${bench_name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(${bench_name} PRIVATE sm_${bench_layer})
endforeach()
