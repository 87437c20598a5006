#include "serving/grpc_api.h"

#include <stdlib.h>

#include "net/grpc.h"
#include "serving/examples.h"
#include "serving/model_info.h"
#include "serving/predict.h"

enum { GRPC_MESSAGE_MAX = 0x7fffffff }; /* as TensorFlow Serving: what a message can be at all */

typedef struct GrpcClient {
  GrpcConn *grpc;
  Conn *conn;
  const RequestContext *context;
} GrpcClient;

static bool call_cancelled(const Request *r) { return grpc_call_cancelled(r->transport); }

static void call_done(Request *r) {
  grpc_call_finish(r->transport, TF_GetCode(r->st), TF_Message(r->st), &r->answer);
  request_free(r);
}

static void handle(GrpcCall *call, void *arg) {
  const GrpcClient *client = arg;
  Request *r = request_new(client->context, grpc_call_row(call), conn_loop(client->conn));
  if (!r) {
    grpc_call_finish(call, TF_RESOURCE_EXHAUSTED, "out of memory: request", NULL);
    return;
  }
  r->transport = call;
  r->done = call_done;
  r->cancelled = call_cancelled;
  r->body = grpc_call_message(call);
  r->deadline_us = grpc_call_deadline_us(call);
  request_start(r);
}

static const GrpcMethod methods[] = {
    {"/tensorflow.serving.PredictionService/Predict", handle, &predict_kind},
    {"/tensorflow.serving.PredictionService/Classify", handle, &classify_kind},
    {"/tensorflow.serving.PredictionService/Regress", handle, &regress_kind},
    {"/tensorflow.serving.PredictionService/GetModelMetadata", handle, &metadata_kind},
    {"/tensorflow.serving.ModelService/GetModelStatus", handle, &status_kind},
};

static const GrpcService service = {methods, SM_COUNTOF(methods), GRPC_MESSAGE_MAX};

static void wake(void *arg) { conn_wake(arg); }

static void *client_open(Conn *conn, void *arg) {
  GrpcClient *client = calloc(1, sizeof *client);
  if (!client) return NULL;
  client->conn = conn;
  client->context = arg;
  client->grpc = grpc_conn_new(&service, client, wake, conn);
  if (client->grpc) return client;
  free(client);
  return NULL;
}

static bool client_receive(void *state, const uint8_t *data, size_t size) {
  return grpc_conn_receive(((GrpcClient *)state)->grpc, data, size);
}
static bool client_output(void *state, Bytes *out) {
  return grpc_conn_output(((GrpcClient *)state)->grpc, out);
}
static bool client_tick(void *state, int64_t now_ms) {
  return grpc_conn_tick(((GrpcClient *)state)->grpc, now_ms);
}
static void client_drain(void *state) { grpc_conn_drain(((GrpcClient *)state)->grpc); }
static void client_close(void *state) {
  grpc_conn_free(((GrpcClient *)state)->grpc);
  free(state);
}

const ConnProtocol grpc_protocol = {client_open, client_receive, client_output, NULL,
                                    client_tick, client_drain,   client_close};
