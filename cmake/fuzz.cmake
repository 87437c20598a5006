# Fuzz targets: fuzz/fuzz_NAME.c has LLVMFuzzerTestOneInput and names the layers it uses in its first line,
# `/* layers: wire net */`, or `/* layers: capi; whole */` when its inputs are choices, which the replay does not vary;
# fuzz/NAME_*.c belong to it. With SM_TESTS each becomes a test that replays fuzz/corpus/NAME; with SM_FUZZ and clang a
# libFuzzer program bin/fuzz_NAME as well:
#   cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DSM_FUZZ=ON -DSM_SANITIZE=address,undefined
#   ninja -C build/fuzz fuzz_json && build/fuzz/bin/fuzz_json -max_total_time=60 NEW_INPUTS fuzz/corpus/json
# An input that failed goes into fuzz/corpus/NAME once it is fixed.
file(GLOB fuzz_targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.c)
if(SM_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "SM_FUZZ needs clang: -DCMAKE_C_COMPILER=clang")
endif()
foreach(source ${fuzz_targets})
  get_filename_component(target ${source} NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" name ${target})
  file(STRINGS ${source} first_line LIMIT_COUNT 1)
  set(libs sm_wire)
  if(first_line MATCHES "layers: ([a-z0-9_ ]+)")
    string(REGEX REPLACE " +" ";" libs "${CMAKE_MATCH_1}")
    list(REMOVE_ITEM libs "")
    list(TRANSFORM libs PREPEND sm_)
  endif()
  file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/${name}_*.c)
  if(SM_TESTS)
    add_executable(${target}_replay ${source} ${parts} ${CMAKE_SOURCE_DIR}/fuzz/replay.c)
    set_target_properties(${target}_replay PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(${target}_replay PRIVATE ${libs})
    set(whole)
    if(first_line MATCHES "; whole") # inputs are choices, not a format with error paths to reach
      set(whole --whole)
    endif()
    add_test(NAME fuzz/${name} COMMAND ${target}_replay ${whole} fuzz/corpus/${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
  if(SM_FUZZ)
    add_executable(${target} ${source} ${parts})
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${target} PRIVATE ${libs})
  endif()
endforeach()
if(SM_FUZZ) # the libraries need the fuzzer's coverage, but not its main
  get_property(all_targets DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
  foreach(lib ${all_targets})
    get_target_property(type ${lib} TYPE)
    if(lib MATCHES "^sm_" AND type STREQUAL STATIC_LIBRARY)
      target_compile_options(${lib} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
  endforeach()
endif()
