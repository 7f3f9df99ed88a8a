# One test program per folder of src/; each folder's list in its own local.mk.
UNIT_LIBS = $(CRITERION_LIBS)

# Of whom the n-th call can be made to fail: tests/unit/faulty.h.
FAULTY = tests/unit/faulty.c tests/unit/faulty.h
FAULTY_WRAP = \
	-Wl,--wrap=read,--wrap=write,--wrap=pread,--wrap=pwrite,--wrap=send,--wrap=sendmsg \
	-Wl,--wrap=recvmsg,--wrap=readlink,--wrap=fstat,--wrap=fstatat,--wrap=lstat,--wrap=fsync \
	-Wl,--wrap=fdatasync,--wrap=ftruncate,--wrap=fchmod,--wrap=chmod,--wrap=mkdirat \
	-Wl,--wrap=renameat,--wrap=pipe2,--wrap=fork,--wrap=socket,--wrap=socketpair,--wrap=bind \
	-Wl,--wrap=listen,--wrap=setsockopt,--wrap=getsockopt,--wrap=getsockname,--wrap=poll \
	-Wl,--wrap=msync,--wrap=setrlimit,--wrap=posix_fallocate,--wrap=mmap,--wrap=fdopendir \
	-Wl,--wrap=openat,--wrap=open,--wrap=renameat2
FAULTY_GNUTLS = $(FAULTY) tests/unit/faulty_gnutls.c
FAULTY_GNUTLS_WRAP = $(FAULTY_WRAP) \
	-Wl,--wrap=gnutls_rnd,--wrap=gnutls_hash_init,--wrap=gnutls_hash \
	-Wl,--wrap=gnutls_hmac_fast,--wrap=gnutls_hmac_init,--wrap=gnutls_hmac \
	-Wl,--wrap=gnutls_encode_rs_value,--wrap=gnutls_privkey_init \
	-Wl,--wrap=gnutls_pubkey_init,--wrap=gnutls_x509_privkey_init \
	-Wl,--wrap=gnutls_privkey_generate,--wrap=gnutls_privkey_import_x509 \
	-Wl,--wrap=gnutls_privkey_export_x509,--wrap=gnutls_privkey_export_ecc_raw2 \
	-Wl,--wrap=gnutls_privkey_sign_data2,--wrap=gnutls_privkey_sign_hash2 \
	-Wl,--wrap=gnutls_pubkey_import,--wrap=gnutls_pubkey_import_privkey \
	-Wl,--wrap=gnutls_pubkey_export2,--wrap=gnutls_pubkey_verify_data2 \
	-Wl,--wrap=gnutls_pubkey_verify_hash2,--wrap=gnutls_pubkey_verify_params \
	-Wl,--wrap=gnutls_pubkey_import_ecc_raw \
	-Wl,--wrap=gnutls_x509_privkey_import2,--wrap=gnutls_x509_privkey_export2_pkcs8

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
