/* Resource manager: the objects that outlive a step (variables, tables, random states), by container, type
 * and name, as a session holds them. Any thread.
 *
 * An op without a container attr uses "localhost"; without a shared_name, the node's name. Objects are
 * counted: the manager holds one reference, every handle tensor one more. */
#ifndef SM_RESOURCE_RESOURCE_MANAGER_H_
#define SM_RESOURCE_RESOURCE_MANAGER_H_

#include <stdbool.h>

#include "base/status.h"
#include "tensor/object.h"

typedef struct ResourceManager ResourceManager;

#define RESOURCE_DEFAULT_CONTAINER "localhost"

ResourceManager *resource_manager_new(void); /* null when memory is out */
/* Drops the manager's references. Null is allowed. */
void resource_manager_free(ResourceManager *m);

/* Makes an object with one reference. */
typedef TF_Code ResourceCreateFn(void *arg, Object **out, TF_Status *st);

/* The object with a new reference, or null. An empty container means the default one. */
Object *resource_find(ResourceManager *m, const ObjectType *type, const char *container, const char *name);
/* The object, made by `create` if it is not there, with a new reference. `create` runs under the manager's
 * lock and must not call it. */
TF_Code resource_find_or_create(ResourceManager *m, const ObjectType *type, const char *container,
                                const char *name, ResourceCreateFn *create, void *arg, Object **out,
                                TF_Status *st);
/* Forgets an object; false when there is none. Holders of references keep it. */
bool resource_remove(ResourceManager *m, const ObjectType *type, const char *container, const char *name);
/* Forgets all objects of a container. */
void resource_clear_container(ResourceManager *m, const char *container);

#endif
