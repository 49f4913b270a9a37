/* What calls cost behind a filter: `cost FILE COUNT` sets the filter in FILE and makes each
 * call COUNT times. Prints nanoseconds for one, a line for each call. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct sock_filter program[4096];

/* The time of this process alone, whatever else runs. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Each is answered by the filter or changes nothing. */
static const struct {
	const char *name;
	long number, argument, answer;
	int error;
} calls[] = {
	{"personality", SYS_personality, 0xffffffff, 0, 0},
	{"clone", SYS_clone, 0x7e020000, -1, EPERM},
	{"mount", SYS_mount, 0, -1, EPERM},
	{"clone3", SYS_clone3, 0, -1, ENOSYS},
};

int main(int argc, char **argv)
{
	struct sock_fprog whole = {.filter = program};
	FILE *file = fopen(argc > 2 ? argv[1] : "", "r");
	long count, i;
	size_t which;
	double start;

	if (file == NULL)
		return perror(argv[1]), 1;
	count = atol(argv[2]);
	whole.len = fread(program, sizeof(*program), 4096, file);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole))
		return perror("seccomp"), 1;
	for (which = 0; which < sizeof(calls) / sizeof(*calls); which++) {
		start = now();
		for (i = 0; i < count; i++)
			if (syscall(calls[which].number, calls[which].argument, 0, 0, 0, 0) !=
				    calls[which].answer ||
			    (calls[which].error && errno != calls[which].error))
				return perror(calls[which].name), 1;
		printf("%s %.1f\n", calls[which].name, (now() - start) / count);
	}
	return 0;
}
