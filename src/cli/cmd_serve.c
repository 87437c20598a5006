/* savedmodel serve, and tensorflow_model_server: the same server with the same flags. */
#include "cli/cli.h"
#include "serving/server.h"

int cmd_serve(int argc, char **argv) { return server_main(argc, argv); }
