"""Runs tests, and writes the report that CI keeps: python3 -m tools.junit tests.unit unit.xml"""

import sys
import unittest
from xml.sax.saxutils import quoteattr


def main(module, path):
    suite = unittest.defaultTestLoader.loadTestsFromName(module)
    result = unittest.TextTestRunner(sys.stderr).run(suite)
    bad = [(kind, test, text) for kind, cases in (("error", result.errors), ("failure", result.failures))
           for test, text in cases]
    with open(path, "w", encoding="utf-8") as report:
        report.write(f'<testsuite name={quoteattr(module)} errors="{len(result.errors)}" '
                     f'failures="{len(result.failures)}" tests="{result.testsRun}">\n')
        for kind, test, text in bad:
            report.write(f"<testcase name={quoteattr(test.id())}><{kind} message={quoteattr(text)}/></testcase>\n")
        report.write("</testsuite>\n")
    return not result.wasSuccessful() or not result.testsRun


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
