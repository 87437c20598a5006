#include "serving/rest_api.h"
const ConnProtocol rest_protocol = {0};
