/* What every header of the TensorFlow C API shares: symbol visibility and TF_Bool. */
#ifndef TENSORFLOW_C_C_API_MACROS_H_
#define TENSORFLOW_C_C_API_MACROS_H_

#if defined(__GNUC__)
#define TF_CAPI_EXPORT __attribute__((visibility("default")))
#else
#define TF_CAPI_EXPORT
#endif

#ifndef TF_Bool
#define TF_Bool unsigned char
#endif

#endif
