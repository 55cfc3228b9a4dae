// SPDX-License-Identifier: Apache-2.0
#include "results/text/escape.h"

#include <catch2/catch.hpp>

using namespace results::text;

TEST_CASE("clean text shows what would hide or turn", "[text]") {
    CHECK(clean_text("plain \xC2\xB5s \xE2\x82\xAC \xF0\x9F\x98\x83") ==
          "plain \xC2\xB5s \xE2\x82\xAC \xF0\x9F\x98\x83");
    CHECK(clean_text(std::string("a\0b\n\x7F", 5)) == "a\xE2\x90\x80"
                                                      "b\xE2\x90\x8A\xE2\x90\xA1");
    CHECK(clean_text("abc\xE2\x80\xAE"
                     "def") == "abc<U+202E>def");
    CHECK(clean_text("\xD7\xA9\xD7\x9C") == "\xD7\xA9\xD7\x9C"); // Hebrew letters may stay.
    CHECK(clean_text("\xC2\x9B") == "<U+009B>");                 // A control of the second kind.
}

TEST_CASE("broken UTF-8 is replaced byte by byte, never passed on", "[text]") {
    const std::string sign = "\xEF\xBF\xBD";
    CHECK(clean_text("\xFF") == sign);
    CHECK(clean_text("\xC0\xAF") == sign + sign);            // Overlong slash.
    CHECK(clean_text("\xED\xA0\x80") == sign + sign + sign); // Surrogate.
    CHECK(clean_text("\xF4\x90\x80\x80").find('\x80') != 0); // Above the last plane.
    CHECK(clean_text("\xE2\x82") == sign + sign);            // Cut off.
    CHECK(clean_text("\xE2\x82"
                     "A") == sign + sign + "A");
}

TEST_CASE("HTML and XML see no markup", "[text]") {
    CHECK(escape_html("</script><a b=\"c\" d='e'>&") ==
          "&lt;/script&gt;&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}

TEST_CASE("a Markdown cell stays one cell on one line", "[text]") {
    CHECK(escape_markdown("a|b\n`c`<d>") == "a\\|b\xE2\x90\x8A\\`c\\`&lt;d&gt;");
}

TEST_CASE("a CSV cell is quoted as needed and never a formula", "[text]") {
    CHECK(csv_cell("plain") == "plain");
    CHECK(csv_cell("a,\"b\"") == "\"a,\"\"b\"\"\"");
    CHECK(csv_cell("=1+1") == "'=1+1");
    CHECK(csv_cell("@x") == "'@x");
    CHECK(csv_cell("a\nb") == "a\xE2\x90\x8A"
                              "b");
}

TEST_CASE("a metric's label cannot end itself", "[text]") {
    CHECK(escape_label("a\"b\\c") == "a\\\"b\\\\c");
}

TEST_CASE("text of several lines keeps its lines and nothing else of control", "[text]") {
    CHECK(clean_lines("a\tb\nc\n") == "a\tb\nc\n");
    CHECK(clean_lines("csv\r\nrow\r\n") == "csv\r\nrow\r\n");
    CHECK(clean_lines("over\rwritten") == "over\xE2\x90\x8Dwritten");
    CHECK(clean_lines("\x1B]0;owned\x07\x1B[2J\n") ==
          "\xE2\x90\x9B]0;owned\xE2\x90\x87\xE2\x90\x9B[2J\n");
    CHECK(clean_lines("").empty());
    CHECK(clean_lines("\n\n") == "\n\n");
}
