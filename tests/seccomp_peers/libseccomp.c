/* What libseccomp makes of the same rules. From stdin, one profile after the other:
 *
 *   begin DEFAULT FOREIGN OPTIMIZE      two return values of seccomp(2), and 1 or 2
 *   arch TOKEN                          a SCMP_ARCH_* by number
 *   rule VALUE NAME N [INDEX OP A B]... an SCMP_CMP_* by number
 *   end
 *
 * To stdout, for each: the first error of a rule (0: none), the length of the program in
 * bytes, both as 32-bit words, and the program.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static scmp_filter_ctx begin(void)
{
	uint32_t otherwise, foreign, optimize;
	scmp_filter_ctx context;

	must(scanf("%u %u %u", &otherwise, &foreign, &optimize) == 3, "begin");
	context = seccomp_init(otherwise);
	must(context != NULL, "seccomp_init");
	must(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, foreign) == 0, "ACT_BADARCH");
	must(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, optimize) == 0, "CTL_OPTIMIZE");
	must(seccomp_arch_remove(context, SCMP_ARCH_NATIVE) == 0, "seccomp_arch_remove");
	return context;
}

/* A name that libseccomp does not know is left out, as runc leaves it out. */
static int rule(scmp_filter_ctx context)
{
	char name[64];
	uint32_t value, count, i, index, op;
	struct scmp_arg_cmp args[6];
	int number;

	must(scanf("%u %63s %u", &value, name, &count) == 3 && count <= 6, "rule");
	for (i = 0; i < count; i++) {
		must(scanf("%u %u %lu %lu", &index, &op, &args[i].datum_a, &args[i].datum_b) == 4, "args");
		args[i].arg = index;
		args[i].op = op;
	}
	number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return 0;
	return -seccomp_rule_add_array(context, value, number, count, args);
}

static void end(scmp_filter_ctx context, uint32_t error)
{
	FILE *file = tmpfile();
	uint32_t length;
	char *program;

	must(file != NULL, "tmpfile");
	must(seccomp_export_bpf(context, fileno(file)) == 0, "seccomp_export_bpf");
	length = lseek(fileno(file), 0, SEEK_END);
	lseek(fileno(file), 0, SEEK_SET);
	program = malloc(length);
	must(read(fileno(file), program, length) == length, "read");
	fwrite(&error, sizeof(error), 1, stdout);
	fwrite(&length, sizeof(length), 1, stdout);
	fwrite(program, 1, length, stdout);
	free(program);
	fclose(file);
	seccomp_release(context);
}

int main(void)
{
	scmp_filter_ctx context = NULL;
	char word[16];
	uint32_t token;
	int error = 0, result;

	while (scanf("%15s", word) == 1) {
		if (strcmp(word, "begin") == 0) {
			context = begin();
			error = 0;
		} else if (strcmp(word, "arch") == 0) {
			must(scanf("%u", &token) == 1, "arch");
			must(seccomp_arch_add(context, token) == 0, "seccomp_arch_add");
		} else if (strcmp(word, "rule") == 0) {
			result = rule(context);
			error = error ? error : result;
		} else if (strcmp(word, "end") == 0) {
			end(context, error);
		} else {
			must(0, word);
		}
	}
	return 0;
}
