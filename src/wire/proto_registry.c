/* The table of all messages; a test compares it with the .proto files. */
#include "wire/proto_registry.h"

#include <string.h>

#include "base/compiler.h"
#include "google/protobuf/any.pb-c.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "google/protobuf/wrappers.pb-c.h"
#include "grpc_health/v1/health.pb-c.h"
#include "grpc_reflection/v1alpha/reflection.pb-c.h"
#include "tensorflow/core/example/example.pb-c.h"
#include "tensorflow/core/example/feature.pb-c.h"
#include "tensorflow/core/framework/allocation_description.pb-c.h"
#include "tensorflow/core/framework/api_def.pb-c.h"
#include "tensorflow/core/framework/attr_value.pb-c.h"
#include "tensorflow/core/framework/cost_graph.pb-c.h"
#include "tensorflow/core/framework/device_attributes.pb-c.h"
#include "tensorflow/core/framework/full_type.pb-c.h"
#include "tensorflow/core/framework/function.pb-c.h"
#include "tensorflow/core/framework/graph.pb-c.h"
#include "tensorflow/core/framework/graph_debug_info.pb-c.h"
#include "tensorflow/core/framework/node_def.pb-c.h"
#include "tensorflow/core/framework/op_def.pb-c.h"
#include "tensorflow/core/framework/resource_handle.pb-c.h"
#include "tensorflow/core/framework/step_stats.pb-c.h"
#include "tensorflow/core/framework/tensor.pb-c.h"
#include "tensorflow/core/framework/tensor_description.pb-c.h"
#include "tensorflow/core/framework/tensor_shape.pb-c.h"
#include "tensorflow/core/framework/tensor_slice.pb-c.h"
#include "tensorflow/core/framework/types.pb-c.h"
#include "tensorflow/core/framework/variable.pb-c.h"
#include "tensorflow/core/framework/versions.pb-c.h"
#include "tensorflow/core/protobuf/cluster.pb-c.h"
#include "tensorflow/core/protobuf/config.pb-c.h"
#include "tensorflow/core/protobuf/control_flow.pb-c.h"
#include "tensorflow/core/protobuf/debug.pb-c.h"
#include "tensorflow/core/protobuf/fingerprint.pb-c.h"
#include "tensorflow/core/protobuf/meta_graph.pb-c.h"
#include "tensorflow/core/protobuf/named_tensor.pb-c.h"
#include "tensorflow/core/protobuf/queue_runner.pb-c.h"
#include "tensorflow/core/protobuf/rewriter_config.pb-c.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"
#include "tensorflow/core/protobuf/saved_object_graph.pb-c.h"
#include "tensorflow/core/protobuf/saver.pb-c.h"
#include "tensorflow/core/protobuf/struct.pb-c.h"
#include "tensorflow/core/protobuf/tensor_bundle.pb-c.h"
#include "tensorflow/core/protobuf/trackable_object_graph.pb-c.h"
#include "tensorflow/core/protobuf/verifier_config.pb-c.h"
#include "tensorflow/core/util/saved_tensor_slice.pb-c.h"
#include "tensorflow/python/training/checkpoint_state.pb-c.h"
#include "tensorflow_serving/apis/classification.pb-c.h"
#include "tensorflow_serving/apis/get_model_metadata.pb-c.h"
#include "tensorflow_serving/apis/get_model_status.pb-c.h"
#include "tensorflow_serving/apis/inference.pb-c.h"
#include "tensorflow_serving/apis/input.pb-c.h"
#include "tensorflow_serving/apis/logging.pb-c.h"
#include "tensorflow_serving/apis/model.pb-c.h"
#include "tensorflow_serving/apis/model_management.pb-c.h"
#include "tensorflow_serving/apis/predict.pb-c.h"
#include "tensorflow_serving/apis/prediction_log.pb-c.h"
#include "tensorflow_serving/apis/regression.pb-c.h"
#include "tensorflow_serving/apis/session_service.pb-c.h"
#include "tensorflow_serving/apis/status.pb-c.h"
#include "tensorflow_serving/config/file_system_storage_path_source.pb-c.h"
#include "tensorflow_serving/config/log_collector_config.pb-c.h"
#include "tensorflow_serving/config/logging_config.pb-c.h"
#include "tensorflow_serving/config/model_server_config.pb-c.h"
#include "tensorflow_serving/config/monitoring_config.pb-c.h"
#include "tensorflow_serving/config/platform_config.pb-c.h"
#include "tensorflow_serving/config/ssl_config.pb-c.h"
#include "tensorflow_serving/servables/tensorflow/saved_model_bundle_source_adapter.pb-c.h"
#include "tensorflow_serving/servables/tensorflow/session_bundle_config.pb-c.h"
#include "tsl/protobuf/coordination_config.pb-c.h"
#include "tsl/protobuf/rpc_options.pb-c.h"
#include "tsl/protobuf/status.pb-c.h"

static const ProtobufCMessageDescriptor *const messages[] = {
#define PROTO_MESSAGE(name) &name##__descriptor,
#include "wire/proto_registry.inc"
#undef PROTO_MESSAGE
};

size_t proto_registry_count(void) { return SM_COUNTOF(messages); }
const ProtobufCMessageDescriptor *proto_registry_at(size_t i) { return messages[i]; }

const ProtobufCMessageDescriptor *proto_registry_find(const char *full_name, size_t len) {
  size_t low = 0, high = SM_COUNTOF(messages);
  while (low < high) {
    size_t mid = (low + high) / 2;
    int order = strncmp(messages[mid]->name, full_name, len);
    if (!order) order = messages[mid]->name[len] != 0;
    if (!order) return messages[mid];
    if (order < 0) low = mid + 1;
    else high = mid;
  }
  return NULL;
}
