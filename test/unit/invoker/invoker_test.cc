#include "stage.h"
#include "support/catch.h"
