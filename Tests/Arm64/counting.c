// A plugin of qemu-user (API version 1, QEMU 4.2 and later) that counts the instructions between two hints, and those of them that
// multiply and add vectors. Its functions are declared here, as Debian has no package with their header.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct qemu_plugin_tb Block;
typedef struct qemu_plugin_insn Instruction;

size_t qemu_plugin_tb_n_insns(const Block *block);
Instruction *qemu_plugin_tb_get_insn(const Block *block, size_t index);
const void *qemu_plugin_insn_data(const Instruction *instruction);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*callback)(uint64_t id, Block *block));
void qemu_plugin_register_vcpu_insn_exec_inline(Instruction *instruction, int add, void *counter, uint64_t number);
void qemu_plugin_register_vcpu_insn_exec_cb(Instruction *instruction, void (*callback)(unsigned vcpu, void *data), int flags, void *data);

int qemu_plugin_version = 1;

static uint64_t all, products, all_before, products_before;

static void begin(unsigned vcpu, void *data) {
    (void)vcpu, (void)data;
    all_before = all;
    products_before = products;
}

static void end(unsigned vcpu, void *data) {
    (void)vcpu, (void)data;
    // The hint itself is none of the layer's.
    printf("%llu %llu\n", (unsigned long long)(all - all_before - 1), (unsigned long long)(products - products_before));
    fflush(stdout);
}

static void translated(uint64_t id, Block *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        Instruction *instruction = qemu_plugin_tb_get_insn(block, i);
        uint32_t code;
        memcpy(&code, qemu_plugin_insn_data(instruction), 4);
        // hint #0x70 and #0x71, which no processor knows.
        if (code == 0xD5032E1F) qemu_plugin_register_vcpu_insn_exec_cb(instruction, begin, 0, NULL);
        if (code == 0xD5032E3F) qemu_plugin_register_vcpu_insn_exec_cb(instruction, end, 0, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, 0, &all, 1);
        // FMLA and FMLS of vectors, by vectors and by elements (Arm ARM, C7.2).
        const int by_vector = (code & 0xBF20FC00) == 0x0E20CC00, by_element = (code & 0xBF80B400) == 0x0F801000;
        if (by_vector || by_element) qemu_plugin_register_vcpu_insn_exec_inline(instruction, 0, &products, 1);
    }
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
