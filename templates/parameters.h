#ifndef PARAMETERS_H_
#define PARAMETERS_H_

#include "ap_fixed.h"
#include "ap_int.h"

@{includes}

#include "defines.h"
@{weights}

@{generated}@{configs}
#endif
