/* Makes a directory by one of the ways that a 64-bit x86 program has to call the kernel, and
   exits with the errno that it got, or 0. No library: nothing is called but what is seen here.

   Usage: slip n|i|x    (the syscall instruction, int 0x80, the number with x32's bit) */

static const char name[] = "slipped";

static long by_syscall(long number, long a, long b)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b)
                     : "rcx", "r11", "memory");
    return result;
}

static long by_interrupt(long number, long a, long b)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b)
                     : "r8", "r9", "r10", "r11", "memory");
    return (int)result;
}

__attribute__((used)) static void start(long argc, char **argv)
{
    long path = (long)name, result = 255;
    if (argc == 2 && argv[1][0] == 'n')
        result = by_syscall(83, path, 0777);
    if (argc == 2 && argv[1][0] == 'i')
        result = by_interrupt(39, path, 0777);
    if (argc == 2 && argv[1][0] == 'x')
        result = by_syscall(83 | 0x40000000, path, 0777);
    by_syscall(60, -result, 0);
}

__asm__(".globl _start\n_start:\n mov (%rsp), %rdi\n lea 8(%rsp), %rsi\n and $-16, %rsp\n call start\n");
