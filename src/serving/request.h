/* A request on its way through the server, the same for gRPC and REST:
 *
 *   transport ->  prepare   decode, find the model version and signature, build the feeds
 *                 run       TF_SessionRun (not for metadata and status)
 *                 respond   encode the answer
 *             ->  done      back to the transport, on its loop's thread
 *
 * What a request is about is a row: a RequestKind with prepare and respond. The steps know nothing of
 * threads; request_start() decides where they run: at once on the loop's thread when the signature is
 * known to be quick and the body is small, else on a worker. */
#ifndef SM_SERVING_REQUEST_H_
#define SM_SERVING_REQUEST_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "net/loop.h"
#include "serving/bundle.h"
#include "serving/model_manager.h"
#include "serving/worker_pool.h"

typedef struct Request Request;

typedef struct RequestKind {
  const char *name;
  TF_Code (*prepare)(Request *r, TF_Status *st);
  /* Appends the answer to r->answer. */
  TF_Code (*respond)(Request *r, TF_Status *st);
  const void *row; /* of the transport's own table */
} RequestKind;

/* What all requests share. */
typedef struct RequestContext {
  ModelManager *models;
  WorkerPool *workers;
  bool check_method_name; /* --enable_signature_method_name_check */
  bool tensor_content;    /* --enable_serialization_as_tensor_content */
} RequestContext;

struct Request {
  WorkItem work; /* on its way to a worker */
  LoopTask back; /* on its way back */
  const RequestKind *kind;
  const RequestContext *context;
  Loop *loop;
  void (*done)(Request *r);            /* looks at st and answer, then request_free() */
  void *transport;                     /* for done */
  bool (*cancelled)(const Request *r); /* null: never. From any thread. */
  Span body;                           /* the transport's; valid until done */
  int64_t deadline_us;                 /* by clock_now_us(); INT64_MAX: none */
  TF_Status *st;
  Bytes answer;
  Arena arena;

  /* prepare fills in: */
  ModelSpec spec;
  ModelVersion *version; /* a reference, or null */
  const Bundle *bundle;
  Signature *signature;
  TF_Output *feeds;
  TF_Tensor **feed_values; /* owned; also those of the signature's defaults, which are not */
  bool *feed_borrowed;
  size_t feed_count;
  const SignatureTensor **outputs;
  TF_Output *fetches;
  TF_Tensor **results; /* owned, unless borrowed from the feeds */
  bool *result_borrowed;
  size_t fetch_count;
  bool prepared, needs_run;
  void *detail; /* the kind's own, in the arena */
};

/* Null when memory is out. */
Request *request_new(const RequestContext *context, const RequestKind *kind, Loop *loop);
void request_free(Request *r);
/* Sets it going; on the loop's thread. `done` may be called before it returns. */
void request_start(Request *r);
/* Does all of it on this thread, without a loop; the outcome is in r->st and r->answer. For the command line:
 * with r->bundle set beforehand, the model that the request names is not looked up. */
TF_Code request_execute(Request *r);

/* For prepare. Each returns the error in TensorFlow Serving's words. */
/* Takes a reference to the version that r->spec names. */
TF_Code request_find_version(Request *r, TF_Status *st);
/* Room for all inputs and `outputs` outputs of r->signature. */
TF_Code request_reserve(Request *r, size_t outputs, TF_Status *st);
/* Feeds `value`, which is taken (also after an error) unless `borrowed`. */
TF_Code request_feed(Request *r, const SignatureTensor *input, TF_Tensor *value, bool borrowed,
                     TF_Status *st);
TF_Code request_fetch(Request *r, const SignatureTensor *output, TF_Status *st);
/* The result for an alias; null when it was not fetched. */
const TF_Tensor *request_result(const Request *r, const char *alias);

/* The name of the signature to use: as given, else "serving_default". */
Span request_signature_name(const Request *r);

#endif
