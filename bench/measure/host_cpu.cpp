// SPDX-License-Identifier: Apache-2.0
#include "bench/measure/host_cpu.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace bench::measure {

namespace {

double seconds(const timeval& value) {
    return static_cast<double>(value.tv_sec) + static_cast<double>(value.tv_usec) * 1e-6;
}

} // namespace

// proc(5): "cpu" user nice system idle iowait irq softirq steal, in ticks.
CpuUse CpuUse::now() {
    CpuUse out;
    std::ifstream in("/proc/stat");
    std::string name;
    in >> name;
    std::uint64_t ticks = 0;
    for (int field = 0; field < 8 && in >> ticks; ++field) {
        out.host_all_ticks += ticks;
        out.host_busy_ticks += field == 3 || field == 4 ? 0 : ticks;
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    out.process_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    return out;
}

double host_fraction(const CpuUse& from, const CpuUse& to) {
    const std::uint64_t all = to.host_all_ticks - from.host_all_ticks;
    return all == 0 ? 0
                    : static_cast<double>(to.host_busy_ticks - from.host_busy_ticks) /
                          static_cast<double>(all);
}

} // namespace bench::measure
