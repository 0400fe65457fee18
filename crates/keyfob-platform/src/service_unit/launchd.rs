//! The launch agent of macOS. Not run by our tests on that system; its text is.

use super::{MARK, Service, Unwritable, one_line};

/// The agent's name, which is its file's name too.
pub(crate) const LABEL: &str = "keyfob.agent";

/// The property list.
pub fn launch_agent(service: &Service) -> Result<String, Unwritable> {
    let string = |word| format!("    <string>{}</string>\n", escaped(word));
    let words = service.words()?.into_iter().map(string).collect::<Vec<_>>().concat();
    let mut variables = Vec::new();
    for (name, value) in &service.environment {
        let (name, value) = (escaped(one_line(name)?), escaped(one_line(value)?));
        variables.push(format!("    <key>{name}</key>\n    <string>{value}</string>\n"));
    }
    let variables = variables.concat();
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!-- {MARK} -->\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\
         \x20 <key>Label</key>\n  <string>{LABEL}</string>\n\
         \x20 <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n\
         \x20 <key>EnvironmentVariables</key>\n  <dict>\n{variables}  </dict>\n\
         \x20 <key>RunAtLoad</key>\n  <true/>\n\
         \x20 <key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n\
         \x20 <key>ThrottleInterval</key>\n  <integer>10</integer>\n\
         \x20 <key>ProcessType</key>\n  <string>Background</string>\n\
         \x20 <key>Umask</key>\n  <integer>63</integer>\n\
         \x20 <key>HardResourceLimits</key>\n  <dict>\n    <key>Core</key>\n    <integer>0</integer>\n  </dict>\n\
         </dict>\n</plist>\n"
    ))
}

/// Text inside an element of XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
