# One test program per folder of src/; each folder's list in its own local.mk.
UNIT_LIBS = $(CRITERION_LIBS)

include tests/unit/base/local.mk
include tests/unit/codec/local.mk
include tests/unit/sys/local.mk
include tests/unit/ipc/local.mk
include tests/unit/conf/local.mk
include tests/unit/db/local.mk
include tests/unit/x509/local.mk
include tests/unit/jose/local.mk
include tests/unit/http/local.mk
include tests/unit/key/local.mk
include tests/unit/journal/local.mk
include tests/unit/policy/local.mk
include tests/unit/probe/local.mk
include tests/unit/bench/local.mk
include tests/unit/store/local.mk
include tests/unit/ca/local.mk
include tests/unit/api/local.mk
include tests/unit/cli/local.mk
include tests/unit/daemon/local.mk
