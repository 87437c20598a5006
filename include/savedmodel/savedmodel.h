/* libsavedmodel: what the TensorFlow C API lacks to build, train, save, export and load models from C.
 * It stands on the public TF_ functions only: it works on this project's libtensorflow and on any other. */
#ifndef SAVEDMODEL_SAVEDMODEL_H_
#define SAVEDMODEL_SAVEDMODEL_H_

#include "savedmodel/sm_builder.h"   /* writing SavedModels */
#include "savedmodel/sm_graph.h"     /* graphs, scopes, operations, collections */
#include "savedmodel/sm_loader.h"    /* reading SavedModels */
#include "savedmodel/sm_saver.h"     /* checkpoints */
#include "savedmodel/sm_session.h"   /* running */
#include "savedmodel/sm_signature.h" /* a model's named inputs and outputs */
#include "savedmodel/sm_table.h"     /* lookup tables */
#include "savedmodel/sm_tensor.h"    /* tensors from C arrays, printing */
#include "savedmodel/sm_variable.h"  /* variables */

#endif
