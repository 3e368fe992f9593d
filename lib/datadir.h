/*
 * Where the program's own data lies (runbooks, the stand-in of the drills).
 */
#ifndef LIB_DATADIR_H
#define LIB_DATADIR_H

/* New: `rel` below $BACKOUT_DATA_DIR, else below the executable's folder when it is there (the
 * build tree), else below the installed data folder. It may not exist. */
char *data_path(const char *rel);
/* New: the path of the running executable. */
char *self_path(void);
/* New: what must be executed to run this very program again, also when its file was replaced or
 * removed meanwhile. */
char *self_program(void);

#endif
