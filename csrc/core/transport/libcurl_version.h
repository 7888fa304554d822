/*
 * libcurl_version: the least libcurl that transport works with, asked for when building
 * (tools/need.sh, the compiler) and when the module is loaded, since the two may differ.
 */
#ifndef BOSA_LIBCURL_VERSION_H
#define BOSA_LIBCURL_VERSION_H

#define LIBCURL_LEAST 0x074c00 /* as LIBCURL_VERSION_NUM has it */
#define LIBCURL_LEAST_TEXT "7.76.0"

/* What is wrong with the libcurl that this process has loaded, in one sentence; NULL: it will do.
 */
const char *libcurl_version_complaint(void);

#endif
