/* What the files of libsavedmodel share. Everything here stands on public TF_ functions, base, wire and the
 * state file of checkpoints; nothing of our runtime, so the library works on any libtensorflow. */
#ifndef SM_SAVEDMODEL_SM_INTERNAL_H_
#define SM_SAVEDMODEL_SM_INTERNAL_H_

#include "base/arena.h"
#include "base/bytes.h"
#include "base/map.h"
#include "base/status.h"
#include "savedmodel/savedmodel.h"
#include "tensorflow/core/framework/variable.pb-c.h"
#include "tensorflow/core/protobuf/meta_graph.pb-c.h"

/* One thing of a collection: a node or tensor by name, bytes, a serialised Any, or a number. */
typedef struct Item {
  enum { ITEM_NODE, ITEM_BYTES, ITEM_ANY, ITEM_INT64, ITEM_FLOAT } kind;
  const char *data; /* in the graph's arena; of nodes NUL-terminated */
  size_t size;
  SM_Variable *variable; /* of VariableDef bytes */
} Item;

typedef struct Collection {
  const char *key;
  Item *items;
  int count, capacity;
} Collection;

typedef struct Frame Frame;

struct SM_Graph {
  TF_Graph *graph;
  bool owns_graph;
  TF_Status *status;
  Arena arena;
  Map names;       /* lower-case name -> how often it was asked for, as TensorFlow's Python counts */
  Map collections; /* key -> Collection */
  Map variables;   /* full name -> SM_Variable, in the order of creation */
  Frame *top;      /* scopes */
  int64_t seed;
  bool has_seed;
  int64_t seeds_given; /* op seeds drawn from the graph's seed */
  SM_Saver *savers;    /* list of all, for freeing */
};

/* What is in force inside a scope; each frame repeats what it inherits. */
struct Frame {
  Frame *below;
  const char *name_scope;     /* "" or "a/b" */
  const char *variable_scope; /* the same */
  SM_Reuse reuse;
  const char *device; /* null or a device string */
  const char *colocate;
  TF_Operation **controls;
  int num_controls;
};

struct SM_Variable {
  SM_Graph *graph;
  const char *name;
  TF_DataType dtype;
  SM_Shape shape;
  bool is_resource, trainable;
  size_t order;            /* 0 is the graph's first variable */
  const char *full_name;   /* of a piece: the whole variable's name, else null */
  const char *slice;       /* of a piece: its place, "5 2 0,3:0,2"; else "" */
  TF_Output handle;        /* reference or resource */
  TF_Output snapshot;      /* "v/read" or "v/Read/ReadVariableOp" */
  TF_Output initial_value; /* may be missing in imported graphs */
  TF_Operation *initializer;
  TF_Output asked; /* IsVariableInitialized or VarIsInitializedOp for SM_ReportUninitialized, once made */
  Span def;        /* serialised VariableDef */
};

/* Whether the graph has failed; builders return at once then. */
static inline bool graph_failed(const SM_Graph *g) { return TF_GetCode(g->status) != TF_OK; }
/* For functions with a status: true if there is an error to report already, taken from the graph if need be.
 * `g` may be null. */
bool status_failed(const SM_Graph *g, TF_Status *st);

/* A unique name in the current scope, marked as taken; of a name ending with '/', what stands before it. */
const char *graph_unique_name(SM_Graph *g, const char *name);
/* Opens an absolute scope ("a/b") without making it unique; with `clear_controls`, free of control inputs. */
void graph_push_absolute(SM_Graph *g, const char *scope, bool clear_controls);
/* Colocates what is made inside with the node of that name; clears the device. */
void graph_push_colocate(SM_Graph *g, const char *node_name);
/* A tensor's static shape, copied into the arena; num_dims -1 when unknown. */
SM_Shape graph_output_shape(SM_Graph *g, TF_Output output);
SM_Shape graph_copy_shape(SM_Graph *g, SM_Shape shape);
/* Strings in the graph's arena; null, with the graph's error set, when memory is out. */
const char *graph_strdup(SM_Graph *g, const char *text);
const char *graph_printf(SM_Graph *g, const char *fmt, ...) SM_PRINTF(2, 3);
void *graph_calloc(SM_Graph *g, size_t count, size_t size);
/* "op" without ":0". */
TF_Output graph_find_output(SM_Graph *g, const char *name);

Collection *graph_collection(const SM_Graph *g, const char *key);
bool graph_collect(SM_Graph *g, const char *key, Item item);

/* The op seeds for a random op: attributes seed and seed2. */
void graph_next_seed(SM_Graph *g, const SM_Initializer *init, int64_t *seed, int64_t *seed2);

/* Text of a shape as Python writes a TensorShape: "(2, 3)", "(3,)", "<unknown>". In the arena. */
const char *graph_shape_text(SM_Graph *g, SM_Shape shape);

/* Initial value of a variable, made in scope "NAME/Initializer". `whole` is the shape that Glorot's fans are
 * taken from: that of the whole variable when this is a piece of one. */
TF_Output initializer_build(SM_Graph *g, const SM_Initializer *init, TF_DataType dtype, SM_Shape shape,
                            SM_Shape whole);

/* A variable from its VariableDef; the nodes are in the graph already. */
SM_Variable *variable_from_def(SM_Graph *g, Span bytes, TF_Status *st);
bool dtype_is_float(TF_DataType dtype);
bool dtype_is_integer(TF_DataType dtype);
static inline TF_DataType dtype_base(TF_DataType dtype) {
  return (int)dtype > 100 ? (TF_DataType)((int)dtype - 100) : dtype;
}

/* A MetaGraphDef of the graph as it is now, in `arena`. The saver may be null. */
TF_Code meta_graph_build(SM_Graph *g, const SM_Saver *saver, bool clear_devices, bool strip_default_attrs,
                         Arena *arena, Tensorflow__MetaGraphDef **out, TF_Status *st);
/* Writes a message atomically, binary or as text. */
TF_Code message_write(const char *path, ProtobufCMessage *msg, bool as_text, bool sync, TF_Status *st);

/* Signatures to and from messages; all is in the arena (the latter borrows the message's strings). Null when
 * memory is out. */
Tensorflow__SignatureDef *signature_message(Arena *arena, const SM_SignatureDef *def);
SM_SignatureDef *signature_of_message(Arena *arena, Tensorflow__SignatureDef *msg);

/* Copies the assets of a collection to EXPORT_DIR/assets and notes them in the collection SM_ASSETS_KEY.
 * `saved`: base names that are there already, in `arena`. */
TF_Code assets_save(SM_Graph *g, const char *collection, const char *export_dir, Map *saved, Arena *arena,
                    TF_Status *st);

void saver_fill_def(const SM_Saver *saver, Arena *arena, Tensorflow__SaverDef **def);
bool saver_is_empty(const SM_Saver *saver);
void savers_free(SM_Saver *list);

#endif
