/* Weights in the layout that a primitive wants, made once and shared by all calls that want the same of the
 * same memory (the plans of several batch sizes, several threads). */
#ifndef SM_DNNL_DNNL_PACK_H_
#define SM_DNNL_DNNL_PACK_H_

#include "dnnl/dnnl_internal.h"

typedef struct DnnlPack DnnlPack;

/* The pack of `weights` (laid out as `from`) in layout `to`, made by `reorder` if it is not there yet; with a
 * reference. Null when memory is out. Any thread. */
DnnlPack *dnnl_pack_get(const Tensor *weights, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                        dnnl_primitive_t reorder, dnnl_stream_t stream);
/* Whether it is of these weights: the same memory, unchanged since (the pack holds the buffer). */
bool dnnl_pack_is_of(const DnnlPack *pack, const Tensor *weights);
void *dnnl_pack_data(const DnnlPack *pack);
/* Drops a reference; null is allowed. */
void dnnl_pack_drop(DnnlPack *pack);

#endif
