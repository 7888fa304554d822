/*
 * file_name: names of files that somebody else chose, made safe.
 */
#ifndef BOSA_FILE_NAME_H
#define BOSA_FILE_NAME_H

/*
 * The last component of `name`, made safe as a file name on any system: no directories, control
 * characters, reserved characters or device names, no leading or trailing dots and spaces, at most
 * 200 bytes cut on a UTF-8 boundary. Never empty ("download"). Owned; NULL: no memory.
 */
char *http_safe_filename(const char *name);

#endif
