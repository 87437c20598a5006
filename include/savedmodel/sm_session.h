/* Shorter ways to run a TF_Session on an SM_Graph. */
#ifndef SAVEDMODEL_SM_SESSION_H_
#define SAVEDMODEL_SM_SESSION_H_

#include "savedmodel/sm_variable.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A session with default options; null on errors. End it with SM_EndSession. */
TF_CAPI_EXPORT extern TF_Session *SM_NewSession(SM_Graph *g, TF_Status *st);
/* Closes and deletes; null is allowed. */
TF_CAPI_EXPORT extern void SM_EndSession(TF_Session *session);

typedef struct SM_Feed {
  TF_Output output;
  TF_Tensor *value; /* stays the caller's */
} SM_Feed;

/* Runs one operation: sess.run(op). */
TF_CAPI_EXPORT extern TF_Code SM_RunOp(TF_Session *session, TF_Operation *op, TF_Status *st);
TF_CAPI_EXPORT extern TF_Code SM_RunOpWith(TF_Session *session, const SM_Feed *feeds, int num_feeds,
                                           TF_Operation *op, TF_Status *st);
/* The value of one output, for the caller to delete: sess.run(output). Null on errors. */
TF_CAPI_EXPORT extern TF_Tensor *SM_Run(TF_Session *session, TF_Output output, TF_Status *st);
TF_CAPI_EXPORT extern TF_Tensor *SM_RunWith(TF_Session *session, const SM_Feed *feeds, int num_feeds,
                                            TF_Output output, TF_Status *st);
/* v.eval(): the value of a variable, for the caller to delete. */
TF_CAPI_EXPORT extern TF_Tensor *SM_Eval(TF_Session *session, SM_Variable *v, TF_Status *st);
/* The text of a variable's value, "[1. 1. 1.]", for the caller to free; null on errors. */
TF_CAPI_EXPORT extern char *SM_EvalText(TF_Session *session, SM_Variable *v, TF_Status *st);
/* Names of the variables of "variables" and "local_variables" that have no value in this session, as
 * tf.compat.v1.report_uninitialized_variables: a string vector for the caller to delete; null on errors. */
TF_CAPI_EXPORT extern TF_Tensor *SM_ReportUninitialized(TF_Session *session, SM_Graph *g, TF_Status *st);

#ifdef __cplusplus
}
#endif
#endif
