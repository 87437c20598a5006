/* tensorflow_model_server on a foreign libtensorflow: everything but the runtime is ours. */
#include "serving/server.h"

int main(int argc, char **argv) { return server_main(argc, argv); }
