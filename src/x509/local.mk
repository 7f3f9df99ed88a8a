noinst_LIBRARIES += libhnp_x509.a
libhnp_x509_a_SOURCES = \
	src/x509/crl.c \
	src/x509/dn.c \
	src/x509/ocsp.c \
	src/x509/ocsp_build.c \
	src/x509/serial.c
