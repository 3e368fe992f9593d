/* The help page, made from the tables of keys and commands. */
#include "tui/modal.h"

static void row_print(struct buf *text, const struct key_binding *row)
{
	if (row->name && *row->name)
		buf_printf(text, "  %-10s %s%s%s\n", row->name, row->help,
			   row->command ? "   :" : "", row->command ? row->command : "");
	else if (row->command)
		buf_printf(text, "  :%-9s %s\n", row->command, row->help);
}

void help_open(struct ui *ui)
{
	struct buf text = BUF_INIT;
	struct key_binding row;
	char title[64];

	buf_printf(&text, "In this view, %s:\n", ui_view(ui, ui->view)->title);
	for (size_t i = 0; key_row(i, &row); i++) {
		if (row.where != KEYS_EVERYWHERE && (row.where & 1u << ui->view))
			row_print(&text, &row);
	}
	buf_puts(&text, "\nEverywhere:\n");
	for (size_t i = 0; key_row(i, &row); i++) {
		if (row.where == KEYS_EVERYWHERE)
			row_print(&text, &row);
	}
	buf_puts(&text, "\nCommands behind \":\", each one event on the record:\n");
	for (const struct command *command = session_commands; command->name; command++) {
		if (session_offers(command))
			buf_printf(&text, "  %s %s\n             %s\n", command->name,
				   command->args ? command->args : "", command->help);
	}
	buf_puts(&text, "\nIn the other views:\n");
	for (size_t i = 0; key_row(i, &row); i++) {
		if (!(row.where & 1u << ui->view))
			row_print(&text, &row);
	}
	snprintf(title, sizeof(title), "Help: %s", ui_view(ui, ui->view)->title);
	page_open(ui, title, buf_detach(&text));
}
