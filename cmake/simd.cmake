# The vector code is compiled once a CPU level, with that level's instructions; the rest of the program
# is for the plain machine and picks a table at start (src/base/cpu.h).
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  set(SM_AVX2_FLAGS -O3 -mavx2 -mfma -mbmi2 -mf16c)
  set(SM_AVX512_FLAGS ${SM_AVX2_FLAGS} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
  set_source_files_properties(src/simd/simd_avx2.c PROPERTIES COMPILE_OPTIONS "${SM_AVX2_FLAGS}")
  set_source_files_properties(src/simd/simd_avx512.c PROPERTIES COMPILE_OPTIONS "${SM_AVX512_FLAGS}")
endif()
set_source_files_properties(src/simd/simd_scalar.c PROPERTIES COMPILE_OPTIONS "-O2;-ftree-vectorize")

# SM_DNNL=OFF builds without oneDNN: each kernel then takes its own plain path. src/dnnl/ alone knows.
option(SM_DNNL "use oneDNN for convolutions and large products" ON)
set(SM_DNNL_LIBS "")
if(SM_DNNL)
  find_library(DNNL_LIB dnnl REQUIRED)
  set(SM_DNNL_LIBS ${DNNL_LIB})
  file(GLOB SM_DNNL_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/dnnl/*.c)
  set_source_files_properties(${SM_DNNL_SOURCES} PROPERTIES COMPILE_DEFINITIONS SM_DNNL=1)
endif()
