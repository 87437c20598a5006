/* ConfigProto and RunOptions out of a few flags. */
#include "capi/capi.h"
#include "tensorflow/c/c_api_experimental.h"
#include "tensorflow/core/protobuf/config.pb-c.h"

static TF_Buffer *buffer_of(const ProtobufCMessage *message) {
  TF_Status st = {0};
  TF_Buffer *buffer = message ? TF_NewBuffer() : NULL;
  if (!buffer || !buffer_take_message(buffer, message, &st)) return buffer;
  TF_DeleteBuffer(buffer);
  return NULL;
}

TF_Buffer *TF_CreateConfig(unsigned char enable_xla_compilation, unsigned char gpu_memory_allow_growth,
                           unsigned int num_cpu_devices) {
  (void)enable_xla_compilation; /* there is no such compiler here */
  Tensorflow__ConfigProto config = TENSORFLOW__CONFIG_PROTO__INIT;
  Tensorflow__GPUOptions gpu = TENSORFLOW__GPUOPTIONS__INIT;
  Tensorflow__ConfigProto__DeviceCountEntry cpu = TENSORFLOW__CONFIG_PROTO__DEVICE_COUNT_ENTRY__INIT,
                                            *counts[] = {&cpu};
  gpu.allow_growth = gpu_memory_allow_growth;
  cpu.key = "CPU";
  cpu.value = (int32_t)num_cpu_devices;
  config.gpu_options = &gpu;
  config.device_count = counts;
  config.n_device_count = 1;
  return buffer_of(&config.base);
}

TF_Buffer *TF_CreateRunOptions(unsigned char enable_full_trace) {
  Tensorflow__RunOptions options = TENSORFLOW__RUN_OPTIONS__INIT;
  if (enable_full_trace) options.trace_level = TENSORFLOW__RUN_OPTIONS__TRACE_LEVEL__FULL_TRACE;
  return buffer_of(&options.base);
}
