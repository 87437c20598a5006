/* Start:  flags -> model config -> manager and source -> wait until every model is up -> ports.
 * Stop:   refuse new work -> finish requests -> workers -> models.
 * An open port therefore means that the server is ready. */
#include "serving/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "serving/bundle.h"
#include "serving/grpc_api.h"
#include "serving/model_source.h"
#include "serving/rest_api.h"
#include "serving/server_flags.h"
#include "serving/session_flags.h"
#include "tensorflow/c/c_api.h"

enum {
  EXIT_MISTAKE = 255,
  DRAIN_MS = 20000,  /* for requests that run when the server is told to stop */
  STOP_SECONDS = 25, /* then it goes, whatever still runs */
  SAME_SIGNAL_MS = 500,
  WORKER_QUEUE_MAX = 8192, /* requests waiting for a worker; more are refused */
  MAX_TAGS = 32,
};

typedef struct Server {
  ServerFlags flags;
  ModelConfigList config;
  Bytes session_config;
  char *tags_text;
  const char *tags[MAX_TAGS];
  BundleOptions bundle_options;
  RequestContext context;
  RestService rest;
  ModelSource *source;
  LoopGroup *loops;
  pthread_t signal_thread;
  pthread_mutex_t lock;
  pthread_cond_t stop;
  bool stopping;
} Server;

/* ---- checks that come before anything is loaded ---- */

static TF_Code check_flags(const ServerFlags *f, TF_Status *st) {
  if (!f->port && !*f->grpc_socket_path)
    return fail(st, TF_INVALID_ARGUMENT,
                "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.");
  if (f->use_alts_credentials && *f->ssl_config_file)
    return fail(st, TF_INVALID_ARGUMENT,
                "Either use_alts_credentials must be false or ssl_config_file must be empty.");
  if (*f->ssl_config_file || f->use_alts_credentials) /* plain text instead would be a lie */
    return fail(st, TF_UNIMPLEMENTED,
                "TLS is not available in this version: --ssl_config_file and "
                "--use_alts_credentials cannot be used");
  if (!*f->model_base_path && !*f->model_config_file)
    return fail(st, TF_INVALID_ARGUMENT,
                "Both server_options.model_base_path and server_options.model_config_file are empty!");
  if (*f->batching_parameters_file && !f->enable_batching)
    return fail(st, TF_INVALID_ARGUMENT,
                "server_options.batching_parameters_file is set without setting "
                "server_options.enable_batching to true.");
  return session_config_check(f, st);
}

static TF_Code split_tags(Server *server, TF_Status *st) {
  server->tags_text = strdup(server->flags.saved_model_tags);
  if (!server->tags_text) return fail_oom(st, "tags");
  BundleOptions *options = &server->bundle_options;
  char *rest = NULL;
  for (char *tag = strtok_r(server->tags_text, ",", &rest); tag; tag = strtok_r(NULL, ",", &rest)) {
    if (options->tag_count == MAX_TAGS) return fail(st, TF_INVALID_ARGUMENT, "more than %d tags", MAX_TAGS);
    server->tags[options->tag_count++] = tag;
  }
  options->tags = server->tags;
  return TF_OK;
}

static TF_Code read_config(Server *server, TF_Status *st) {
  const ServerFlags *f = &server->flags;
  if (*f->model_config_file) return model_config_read(f->model_config_file, &server->config, st);
  TRY(model_config_single(f->model_name, f->model_base_path, &server->config, st));
  log_info("Building single TensorFlow model file config:  model_name: %s model_base_path: %s", f->model_name,
           f->model_base_path);
  return TF_OK;
}

/* ---- models ---- */

static void *load_bundle(void *arg, const char *model, int64_t version, const char *path, TF_Status *st) {
  (void)model;
  (void)version;
  return bundle_load(path, arg, st);
}

static void unload_bundle(void *arg, void *loaded) {
  (void)arg;
  bundle_free(loaded);
}

static int cpu_count(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > 64 ? 64 : (int)n;
}

static TF_Code start_models(Server *server, TF_Status *st) {
  const ServerFlags *f = &server->flags;
  ManagerOptions options = {
      .retry = {f->max_num_load_retries < 0 ? 0 : f->max_num_load_retries,
                f->load_retry_interval_micros / 1000},
      .load_threads = 4 * cpu_count(),
  };
  ModelLoader loader = {load_bundle, unload_bundle, &server->bundle_options};
  server->context.models = manager_new(&options, &loader, st);
  if (!server->context.models) return TF_GetCode(st);
  log_info("Adding/updating models.");
  for (size_t i = 0; i < server->config.count; i++)
    log_info(" (Re-)adding model: %s", server->config.models[i].name);
  server->source = model_source_start(server->context.models, server->config.models, server->config.count,
                                      f->file_system_poll_wait_seconds, st);
  return TF_GetCode(st);
}

static TF_Code wait_for_models(Server *server, TF_Status *st) {
  ModelManager *models = server->context.models;
  TRY(manager_wait_ready(models, server->config.models, server->config.count, st));
  int threads = server->flags.num_load_threads;
  manager_set_load_threads(models, threads > 0 ? threads : 1);
  for (size_t i = 0; i < server->config.count; i++) {
    const ModelConfig *m = &server->config.models[i];
    TRY(manager_set_labels(models, m->name, m->labels, m->label_count,
                           server->flags.allow_version_labels_for_unavailable_models, st));
  }
  log_info("Finished adding/updating models");
  return TF_OK;
}

/* ---- ports ---- */

static TF_Code open_grpc(Server *server, TF_Status *st) {
  const ServerFlags *f = &server->flags;
  int port = f->port;
  TF_Code code = TF_OK;
  if (port) code = loop_group_listen(server->loops, NULL, &port, &grpc_protocol, &server->context, st);
  if (!code && *f->grpc_socket_path)
    code = loop_group_listen_unix(server->loops, f->grpc_socket_path, &grpc_protocol, &server->context, st);
  if (!code) return TF_OK;
  log_error("gRPC: %s", TF_Message(st));
  return fail(st, TF_INVALID_ARGUMENT, "Failed to BuildAndStart gRPC server");
}

static void open_rest(Server *server, TF_Status *st) {
  const ServerFlags *f = &server->flags;
  int port = f->rest_api_port;
  if (!port) return;
  if (port == f->port) {
    log_error(
        "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API. Skipped "
        "exporting HTTP/REST API.");
    return;
  }
  server->rest = (RestService){.context = &server->context, .timeout_ms = f->rest_api_timeout_in_ms};
  if (!loop_group_listen(server->loops, NULL, &port, &rest_protocol, &server->rest, st)) return;
  log_error("Failed to start HTTP Server at localhost:%d: %s", port, TF_Message(st));
  TF_SetStatus(st, TF_OK, "");
  server->flags.rest_api_port = 0;
}

static TF_Code open_ports(Server *server, TF_Status *st) {
  const ServerFlags *f = &server->flags;
  int cpus = cpu_count();
  server->context.workers = worker_pool_new(cpus, WORKER_QUEUE_MAX, st);
  if (server->context.workers) server->loops = loop_group_new(cpus < 16 ? cpus : 16, st);
  TRY(TF_GetCode(st));
  TRY(open_grpc(server, st));
  open_rest(server, st);
  TRY(loop_group_start(server->loops, st));
  log_info("Using InsecureServerCredentials");
  if (f->port) log_info("Running gRPC ModelServer at 0.0.0.0:%d ...", f->port);
  if (*f->grpc_socket_path) log_info("Running gRPC ModelServer at UNIX socket %s ...", f->grpc_socket_path);
  if (f->rest_api_port && f->rest_api_port != f->port)
    log_info("Exporting HTTP/REST API at:localhost:%d ...", f->rest_api_port);
  return TF_OK;
}

/* ---- signals ---- */

/* Waits for a signal, sets the stop going, and sees to it that the process ends in time. */
static void *signal_main(void *arg) {
  Server *server = arg;
  sigset_t set;
  int number = 0;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigwait(&set, &number);
  log_info("Stopping on signal %d: running requests are finished, new ones refused", number);
  pthread_mutex_lock(&server->lock);
  server->stopping = true;
  pthread_cond_broadcast(&server->stop);
  pthread_mutex_unlock(&server->lock);
  manager_cancel_wait(server->context.models);
  /* A second signal means at once; but some senders (timeout(1)) reach us twice with one. */
  int64_t start = clock_now_ms(), left_ms;
  while ((left_ms = start + STOP_SECONDS * 1000 - clock_now_ms()) > 0) {
    struct timespec wait = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
    if (sigtimedwait(&set, NULL, &wait) > 0 && clock_now_ms() - start >= SAME_SIGNAL_MS) break;
  }
  log_warning("Stopping without waiting any longer");
  _exit(0);
}

static void block_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
}

static void wait_for_stop(Server *server) {
  pthread_mutex_lock(&server->lock);
  while (!server->stopping) pthread_cond_wait(&server->stop, &server->lock);
  pthread_mutex_unlock(&server->lock);
}

/* ---- the whole ---- */

static TF_Code run_server(Server *server, TF_Status *st) {
  TRY(check_flags(&server->flags, st));
  TRY(split_tags(server, st));
  TRY(session_config_build(&server->flags, &server->session_config, st));
  server->bundle_options.config = server->session_config.data;
  server->bundle_options.config_size = server->session_config.size;
  server->context.check_method_name = server->flags.enable_signature_method_name_check;
  server->context.tensor_content = server->flags.enable_serialization_as_tensor_content;
  TRY(read_config(server, st));
  block_signals();
  TRY(start_models(server, st));
  if (pthread_create(&server->signal_thread, NULL, signal_main, server))
    return fail(st, TF_RESOURCE_EXHAUSTED, "cannot start the signal thread");
  pthread_detach(server->signal_thread);
  TF_Code code = wait_for_models(server, st);
  if (code == TF_CANCELLED && server->stopping) {
    TF_SetStatus(st, TF_OK, ""); /* told to stop before it was up: nothing went wrong */
    return TF_OK;
  }
  TRY(code);
  TRY(open_ports(server, st));
  wait_for_stop(server);
  return TF_OK;
}

static void stop_server(Server *server) {
  if (server->loops && !loop_group_drain(server->loops, DRAIN_MS))
    log_warning("Some requests did not finish in time");
  model_source_stop(server->source);
  worker_pool_free(server->context.workers);
  loop_group_free(server->loops);
  manager_free(server->context.models);
  model_config_clear(&server->config);
  bytes_clear(&server->session_config);
  free(server->tags_text);
}

static void warn_idle(const char *name) { log_warning("--%s has no effect in this version", name); }

/* What the command line alone decides; -1 to go on. */
static int read_flags(ServerFlags *flags, int argc, char **argv) {
  const char *unknown;
  server_flags_init(flags);
  FlagsResult result = server_flags_parse(flags, argc, argv, &unknown);
  if (result == FLAGS_BAD || result == FLAGS_HELP) {
    server_flags_usage(argv[0], stdout);
    return EXIT_MISTAKE;
  }
  if (flags->version) {
    printf("TensorFlow ModelServer: %s\nTensorFlow Library: %s\n", SM_VERSION, TF_Version());
    return 0;
  }
  if (result == FLAGS_UNKNOWN) { /* not fatal: deployments carry old flags */
    printf("unknown argument: %s\n", unknown);
    server_flags_usage(argv[0], stdout);
    fflush(stdout);
  }
  server_flags_each_idle(flags, warn_idle);
  return -1;
}

int server_main(int argc, char **argv) {
  static Server server; /* one a process; the signal thread may outlive this function */
  int exit_code = read_flags(&server.flags, argc, argv);
  if (exit_code >= 0) return exit_code;
  pthread_mutex_init(&server.lock, NULL);
  pthread_cond_init(&server.stop, NULL);
  TF_Status *st = TF_NewStatus();
  if (!st) return EXIT_MISTAKE;
  TF_Code code = run_server(&server, st);
  if (code) {
    printf("Failed to start server. Error: %s: %s\n", status_code_name(code), TF_Message(st));
    fflush(stdout);
  }
  stop_server(&server);
  TF_DeleteStatus(st);
  return code ? EXIT_MISTAKE : 0;
}
