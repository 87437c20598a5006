/* Lookup tables: the nodes that TensorFlow's StaticHashTable and StaticVocabularyTable make. */
#include "savedmodel/sm_table.h"

#include <string.h>

#include "savedmodel/sm_internal.h"

struct SM_Table {
  SM_Graph *graph;
  TF_Output handle, default_value;
  TF_DataType key_dtype, value_dtype;
  TF_Operation *initializer;
  const char *short_name; /* the last part of the handle's name */
  int64_t oov_buckets;    /* 0: a plain table */
};

/* Handle and default value; the tensor is consumed. */
static SM_Table *new_table(SM_Graph *g, TF_DataType key, TF_DataType value, TF_Tensor *default_value,
                           const char *shared_name, const char *name) {
  SM_Table *table = graph_failed(g) ? NULL : graph_calloc(g, 1, sizeof *table);
  if (table && default_value && TF_TensorType(default_value) != value)
    fail(g->status, TF_INVALID_ARGUMENT, "table %s: the default value is %s, the values are %s",
         name ? name : "hash_table", SM_DataTypeName(TF_TensorType(default_value)), SM_DataTypeName(value));
  if (!table || graph_failed(g)) {
    TF_DeleteTensor(default_value);
    return NULL;
  }
  table->graph = g;
  table->key_dtype = key;
  table->value_dtype = value;
  table->default_value = SM_Constant(g, default_value, NULL);
  const char *unique = graph_unique_name(g, name ? name : "hash_table");
  const char *own = unique ? graph_printf(g, "%s/", unique) : NULL;
  /* Tables share their content by this name; one of its own keeps the tables of a graph apart. */
  if (unique && !shared_name) shared_name = graph_printf(g, "hash_table_%s", unique);
  if (!own || !shared_name) return NULL;
  table->handle = SM_Op(g, "HashTableV2", own, SM_Type("key_dtype", key), SM_Type("value_dtype", value),
                        SM_String("shared_name", shared_name));
  const char *slash = strrchr(unique, '/');
  table->short_name = slash ? slash + 1 : unique;
  return table;
}

static SM_Table *finish_table(SM_Table *table) {
  SM_CollectOperation(table->graph, SM_TABLE_INITIALIZERS, table->initializer);
  return graph_failed(table->graph) ? NULL : table;
}

SM_Table *SM_HashTableFromFile(SM_Graph *g, const SM_VocabularyFile *file, TF_Tensor *default_value,
                               const char *name) {
  int64_t key_index = file->by_columns ? file->key_index : SM_WHOLE_LINE;
  int64_t value_index = file->by_columns ? file->value_index : SM_LINE_NUMBER;
  SM_PushDevice(g, "/device:CPU:*");
  TF_Output path = SM_Constant(g, SM_ScalarString(file->path), "asset_path");
  SM_PopScope(g);
  SM_CollectOutput(g, SM_ASSET_FILEPATHS, path);
  Bytes shared = {0};
  bytes_printf(&shared, "hash_table_%s", file->path);
  if (file->vocab_size > 0) bytes_printf(&shared, "_%lld", (long long)file->vocab_size);
  bytes_printf(&shared, "_%lld_%lld", (long long)key_index, (long long)value_index);
  SM_Table *table = NULL;
  if (shared.failed) TF_DeleteTensor(default_value);
  else
    table = new_table(g, file->key_dtype ? file->key_dtype : TF_STRING,
                      file->value_dtype ? file->value_dtype : TF_INT64, default_value, shared.data, name);
  bytes_clear(&shared);
  if (!table) return NULL;
  SM_PushNameScope(g, "text_file_init");
  table->initializer = SM_Oper(g, "InitializeTableFromTextFileV2", NULL, SM_In(table->handle), SM_In(path),
                               SM_Int("key_index", key_index), SM_Int("value_index", value_index),
                               SM_Int("vocab_size", file->vocab_size > 0 ? file->vocab_size : -1),
                               SM_String("delimiter", file->delimiter ? file->delimiter : "\t"));
  SM_PopScope(g);
  return finish_table(table);
}

SM_Table *SM_HashTableFromValues(SM_Graph *g, TF_Tensor *keys, TF_Tensor *values, TF_Tensor *default_value,
                                 const char *name) {
  TF_DataType key = keys ? TF_TensorType(keys) : TF_STRING, value = values ? TF_TensorType(values) : TF_INT64;
  TF_Output all_keys = SM_Constant(g, keys, NULL), all_values = SM_Constant(g, values, NULL);
  SM_Table *table = new_table(g, key, value, default_value, NULL, name);
  if (!table) return NULL;
  SM_PushNameScope(g, "key_value_init");
  table->initializer = SM_Oper(g, "LookupTableImportV2", NULL, SM_In(table->handle), SM_In(all_keys),
                               SM_In(all_values));
  SM_PopScope(g);
  return finish_table(table);
}

SM_Table *SM_VocabularyTable(SM_Graph *g, const SM_VocabularyFile *file, int64_t num_oov_buckets,
                             const char *name) {
  if (!graph_failed(g) && num_oov_buckets <= 0)
    fail(g->status, TF_INVALID_ARGUMENT, "oov_buckets must be > 0.");
  SM_Table *table = SM_HashTableFromFile(g, file, SM_ScalarI64(-1), name);
  if (table) table->oov_buckets = num_oov_buckets;
  return table;
}

static TF_Output find(SM_Table *table, TF_Output keys) {
  SM_Graph *g = table->graph;
  const char *scope = graph_printf(g, "%s_Lookup", table->short_name);
  if (!scope) return (TF_Output){NULL, 0};
  SM_PushNameScope(g, scope);
  TF_Output out = SM_Op(g, "LookupTableFindV2", NULL, SM_In(table->handle), SM_In(keys),
                        SM_In(table->default_value));
  SM_PopScope(g);
  return out;
}

/* Unknown words count on behind the table, by hash: what was found, or bucket + size. */
static TF_Output find_or_bucket(SM_Table *table, TF_Output keys) {
  SM_Graph *g = table->graph;
  const char *scope = graph_printf(g, "%s_Lookup", table->short_name);
  if (!scope) return (TF_Output){NULL, 0};
  SM_PushNameScope(g, scope);
  TF_Output bucket = SM_Op(g, "StringToHashBucketFast", "hash_bucket", SM_In(keys),
                           SM_Int("num_buckets", table->oov_buckets));
  TF_Output found = find(table, keys);
  TF_Output behind = SM_Op(g, "AddV2", "Add", SM_In(bucket), SM_In(SM_TableSize(table)));
  TF_Output known = SM_Op(g, "NotEqual", NULL, SM_In(found), SM_In(table->default_value));
  TF_Output out = SM_Op(g, "SelectV2", NULL, SM_In(known), SM_In(found), SM_In(behind));
  SM_PopScope(g);
  return out;
}

TF_Output SM_Lookup(SM_Table *table, TF_Output keys) {
  if (!table) return (TF_Output){NULL, 0};
  return table->oov_buckets ? find_or_bucket(table, keys) : find(table, keys);
}

TF_Output SM_TableSize(SM_Table *table) {
  if (!table) return (TF_Output){NULL, 0};
  SM_Graph *g = table->graph;
  const char *scope = graph_printf(g, "%s_Size", table->short_name);
  if (!scope) return (TF_Output){NULL, 0};
  SM_PushNameScope(g, scope);
  TF_Output out = SM_Op(g, "LookupTableSizeV2", NULL, SM_In(table->handle));
  SM_PopScope(g);
  return out;
}

TF_Operation *SM_TableInitializer(const SM_Table *table) { return table ? table->initializer : NULL; }

TF_Operation *SM_TablesInitializer(SM_Graph *g) {
  int n = SM_CollectionSize(g, SM_TABLE_INITIALIZERS);
  TF_Operation **ops = graph_calloc(g, (size_t)n, sizeof *ops);
  for (int i = 0; ops && i < n; i++) ops[i] = SM_CollectionOutput(g, SM_TABLE_INITIALIZERS, i).oper;
  if (!ops) return NULL;
  return n ? SM_Group(g, ops, n, "init_all_tables") : SM_NoOp(g, "init_all_tables");
}
