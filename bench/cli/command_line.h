// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bench::cli {

// argv -> command -> exit code: 0 all limits passed, 1 a limit failed or an integrity finding, 2
// usage, 3 array or I/O, 4 refused for safety, 5 host not ready, 6 incomplete or interrupted, 7
// inconclusive.
int run_command_line(int argc, char** argv);

} // namespace bench::cli
