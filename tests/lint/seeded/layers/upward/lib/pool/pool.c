#include "pool/pool.h"

#include <stdio.h>
#include <ck_epoch.h>

#include "cache/cache.h"
#include "sys/vm.h"
#include "sys/gone.h"
#include "../arena/arena.h"
#include "bits.h"
/* #include "api/commented.h" */
