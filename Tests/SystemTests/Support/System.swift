import Testing

/// Everything that runs the built `weft` in namespaces, one test at a time: the tests measure and there are few processors.
///
/// Suites of other files are nested in it, which is what puts them in the row.
@Suite(.serialized) enum System {}
