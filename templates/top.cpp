#include "@{top}.h"
#include "parameters.h"

void @{top}(
    @{ports}
) {
@{pragmas}
@{variables}
@{calls}}
