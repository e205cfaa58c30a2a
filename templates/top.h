#ifndef @{guard}
#define @{guard}

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"

#include "defines.h"

void @{top}(
    @{ports}
);

#endif
