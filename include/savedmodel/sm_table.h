/* Lookup tables that are filled once: tf.lookup.StaticHashTable and StaticVocabularyTable. */
#ifndef SAVEDMODEL_SM_TABLE_H_
#define SAVEDMODEL_SM_TABLE_H_

#include "savedmodel/sm_graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SM_Table SM_Table;

/* For key_index and value_index: the whole line, the line's number. Others count the line's columns. */
enum { SM_WHOLE_LINE = -2, SM_LINE_NUMBER = -1 };

/* A text file, a line an entry. The zero value of a field is its default. */
typedef struct SM_VocabularyFile {
  const char *path;
  TF_DataType key_dtype, value_dtype; /* 0: TF_STRING and TF_INT64 */
  bool by_columns; /* use key_index and value_index; else the whole line gives its number */
  int64_t key_index, value_index;
  int64_t vocab_size;    /* 0: as many lines as there are */
  const char *delimiter; /* null: a tab */
} SM_VocabularyFile;

/* A table of the file. The file is an asset: its path is a constant in the collection SM_ASSET_FILEPATHS, so
 * a SavedModel takes it along. `default_value`, for keys that are not there, is a scalar of the value type
 * and consumed. */
TF_CAPI_EXPORT extern SM_Table *SM_HashTableFromFile(SM_Graph *g, const SM_VocabularyFile *file,
                                                     TF_Tensor *default_value, const char *name);
/* A table of pairs. All three tensors are consumed; keys and values have one shape. */
TF_CAPI_EXPORT extern SM_Table *SM_HashTableFromValues(SM_Graph *g, TF_Tensor *keys, TF_Tensor *values,
                                                       TF_Tensor *default_value, const char *name);
/* A vocabulary (string to int64): strings that are not in the file share `num_oov_buckets` (> 0) numbers
 * behind it by hash. */
TF_CAPI_EXPORT extern SM_Table *SM_VocabularyTable(SM_Graph *g, const SM_VocabularyFile *file,
                                                   int64_t num_oov_buckets, const char *name);

/* The values of `keys`, in their shape. */
TF_CAPI_EXPORT extern TF_Output SM_Lookup(SM_Table *table, TF_Output keys);
/* The number of entries, an int64 scalar. */
TF_CAPI_EXPORT extern TF_Output SM_TableSize(SM_Table *table);
/* The operation that fills the table. */
TF_CAPI_EXPORT extern TF_Operation *SM_TableInitializer(const SM_Table *table);
/* tf.compat.v1.tables_initializer: fills all tables of the collection SM_TABLE_INITIALIZERS;
 * "init_all_tables". */
TF_CAPI_EXPORT extern TF_Operation *SM_TablesInitializer(SM_Graph *g);

#ifdef __cplusplus
}
#endif
#endif
