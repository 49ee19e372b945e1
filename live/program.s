# A web server for x86-64 Linux that needs no library: what the images of `make live` run.
#
#   program TEXT          answers every request on port 8080 with TEXT
#   program TEXT fails    writes TEXT to standard error, and ends with 1
#
#   as program.s -o program.o && ld --oformat binary -Ttext 0x400000 program.o -o program
#
# The ELF header is written out, so that every linker makes the same bytes of it.

        .intel_syntax noprefix
        .globl  _start

elf:    .byte   0x7f, 'E', 'L', 'F', 2, 1, 1, 0         # 64 bits, little-endian
        .quad   0
        .short  2, 62                                   # an executable, for x86-64
        .long   1
        .quad   _start, segment - elf, 0                # entry, segments, no sections
        .long   0
        .short  64, 56, 1, 0, 0, 0
segment:
        .long   1, 5                                    # is loaded, to be read and executed
        .quad   0, 0x400000, 0x400000
        .quad   end - elf, end - elf, 4096

# Kept all the time: r12 the listening socket, r13 a connection, r14 the length of TEXT, r15 TEXT.
_start: mov     r15, [rsp + 16]
        xor     r14d, r14d
length: cmp     byte ptr [r15 + r14], 0
        je      counted
        inc     r14
        jmp     length
counted:
        cmp     dword ptr [rsp], 3
        je      fail

        mov     edi, 15                                 # SIGTERM: as the first process it would
        mov     esi, offset on_term                     # not end without a handler
        call    sigaction
        mov     edi, 17                                 # SIGCHLD: nobody waits for the children
        mov     esi, offset ignored
        call    sigaction

        mov     eax, 41                                 # socket(AF_INET, SOCK_STREAM, 0)
        mov     edi, 2
        mov     esi, 1
        xor     edx, edx
        syscall
        mov     r12d, eax
        mov     eax, 54                                 # setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        mov     edi, r12d
        mov     esi, 1
        mov     edx, 2
        mov     r10d, offset one
        mov     r8d, 4
        syscall
        mov     eax, 49                                 # bind
        mov     edi, r12d
        mov     esi, offset address
        mov     edx, 16
        syscall
        test    eax, eax
        mov     edi, 2
        js      quit
        mov     eax, 50                                 # listen
        mov     edi, r12d
        mov     esi, 128
        syscall
        mov     edi, 1
        mov     esi, offset listening
        mov     edx, offset listening_end - listening
        call    write

serve:  mov     eax, 43                                 # accept
        mov     edi, r12d
        xor     esi, esi
        xor     edx, edx
        syscall
        test    eax, eax
        js      serve
        mov     r13d, eax
        mov     eax, 57                                 # fork: who says nothing holds nobody up
        syscall
        test    eax, eax
        jz      answer
        mov     eax, 3                                  # close
        mov     edi, r13d
        syscall
        jmp     serve

answer: mov     eax, 37                                 # alarm: ten seconds, then it is over
        mov     edi, 10
        syscall
        sub     rsp, 4096
        call    read
        mov     edi, r13d
        mov     esi, offset head
        mov     edx, offset head_end - head
        call    write
        mov     edi, r13d
        call    write_text
        mov     eax, 48                                 # shutdown(SHUT_WR)
        mov     edi, r13d
        mov     esi, 1
        syscall
rest:   call    read                                    # to close with something unread resets
        test    eax, eax
        jg      rest
        xor     edi, edi
        jmp     quit

fail:   mov     edi, 2
        call    write_text
        mov     edi, 2
        mov     esi, offset line_end
        mov     edx, 1
        call    write
        mov     edi, 1
quit:   mov     eax, 60                                 # exit(edi)
        syscall
terminated:
        xor     edi, edi
        jmp     quit

read:   xor     eax, eax
        mov     edi, r13d
        lea     rsi, [rsp + 8]
        mov     edx, 4096
        syscall
        ret
write_text:
        mov     rsi, r15
        mov     rdx, r14
write:  mov     eax, 1
        syscall
        ret
sigaction:
        mov     eax, 13                                 # rt_sigaction
        xor     edx, edx
        mov     r10d, 8
        syscall
        ret

        .balign 8
on_term:
        .quad   terminated, 0x04000000, terminated, 0   # SA_RESTORER, which is never needed
ignored:
        .quad   1, 0, 0, 0                              # SIG_IGN
address:
        .short  2                                       # AF_INET, port 8080, any address
        .byte   0x1f, 0x90
        .long   0
        .quad   0
one:    .long   1
listening:
        .ascii  "listening on port 8080"
line_end:
        .ascii  "\n"
listening_end:
head:   .ascii  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
head_end:
end:
