/* tensorflow_model_server: from the command line to a serving process. */
#ifndef SM_SERVING_SERVER_H_
#define SM_SERVING_SERVER_H_

/* Serves until SIGTERM or SIGINT, then finishes what runs. Returns the process's exit status: 0, or 255
 * as TensorFlow Serving after a mistake in the flags or a failed start. */
int server_main(int argc, char **argv);

#endif
