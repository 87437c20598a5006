/* savedmodel serve, and tensorflow_model_server: the same server with the same flags. */
#include <string.h>

#include "cli/cli.h"
#include "serving/server.h"

int cmd_serve(int argc, char **argv) {
  static char name[] = "savedmodel serve"; /* what --help says that it is the help of */
  if (!strcmp(argv[0], "serve")) argv[0] = name;
  return server_main(argc, argv);
}
