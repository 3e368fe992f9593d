/*
 * The keys that sentences of core/ name ("Press 2 to decide"). The console binds the same table, so
 * that a sentence can't name a key that does something else.
 */
#ifndef CORE_KEYS_H
#define CORE_KEYS_H

enum key_id {
	KEY_ID_DECLARE, /* declare an incident, change its severity */
	KEY_ID_WATCH,
	KEY_ID_DECIDE,
	KEY_ID_CHECKLIST,
	KEY_ID_EXECUTE,
	KEY_ID_LOG,
	KEY_ID_MESSAGES,
	KEY_ID_NOTE,
	KEY_ID_RATIFY,	   /* take the answer that is proposed, be it yes or no */
	KEY_ID_YES,	   /* answer yes; asks for a reason when no was proposed */
	KEY_ID_NO,	   /* answer no; likewise ("n" writes a note everywhere) */
	KEY_ID_CHOOSE,	   /* choose the suggested procedure */
	KEY_ID_PROCEDURES, /* all of them, to choose another one */
	KEY_ID_APPROVE,
	KEY_ID_BREAK_GLASS, /* approve without those who may */
	KEY_ID_RUN,	    /* run the next step */
	KEY_ID_THROUGH,	    /* straight through */
	KEY_ID_DONE,	    /* a manual step is done */
	KEY_ID_CHECK,	    /* check again */
	KEY_ID_AGAIN,	    /* run again */
	KEY_ID_UNDO,
	KEY_ID_SKIP,
	KEY_ID_ALTERNATIVE,
	KEY_ID_STOP,
	KEY_ID_ACKNOWLEDGE,
	KEY_ID_BACK_TO, /* go back to the answer that no longer holds */
	KEY_ID_RESOLVE,
	KEY_ID_CLOSE,
	KEY_ID_PAGE, /* page a contact */
	KEY_ID_GATE, /* decide the deployment's gate */
	KEY_ID_ITEM, /* go to the item that is next */
	KEY_ID_TICK, /* what is done with an item: tick it, run it, open it again */
	KEY_ID_DEFER,
	KEY_ID_ROUTINES, /* what is due, to begin it */
	KEY_ID_COUNT
};

struct key_def {
	int key;	  /* a character */
	const char *name; /* as sentences write it: "Enter", "!" */
	const char *help; /* "declare an incident, or change its severity" */
};

extern const struct key_def key_defs[KEY_ID_COUNT];

#endif
