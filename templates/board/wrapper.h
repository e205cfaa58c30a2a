#ifndef @{guard}
#define @{guard}

#include "accelgen_bus.h"

namespace accelgen {

@{layouts}
} // namespace accelgen

void @{core}(
    @{ports}
);

#endif
