//! The task of Windows that starts the keeper at log-on. Not run by our tests on that system; its text is.

use super::launchd::escaped;
use super::{MARK, Service, Unwritable};

/// The task's XML. Variables have no place in a task: they must be set for the account (`setx`).
pub fn task(service: &Service) -> Result<String, Unwritable> {
    let words = service.words()?;
    let (program, arguments) = words.split_first().ok_or_else(|| Unwritable(String::new()))?;
    let arguments: Vec<_> = arguments.iter().map(|argument| quoted(argument)).collect();
    Ok(format!(
        "<?xml version=\"1.0\"?>\n\
         <!-- {MARK} -->\n\
         <Task version=\"1.4\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n\
         \x20 <RegistrationInfo><Description>keyfob keeps MCP sign-ins alive</Description></RegistrationInfo>\n\
         \x20 <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>\n\
         \x20 <Settings>\n\
         \x20   <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>\n\
         \x20   <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n\
         \x20   <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\n\
         \x20   <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>\n\
         \x20   <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>\n\
         \x20 </Settings>\n\
         \x20 <Actions><Exec><Command>{}</Command><Arguments>{}</Arguments></Exec></Actions>\n\
         </Task>\n",
        escaped(program),
        escaped(&arguments.join(" "))
    ))
}

/// One argument as Windows programs take their line apart: backslashes before a quote are doubled.
fn quoted(argument: &str) -> String {
    let mut text = String::from("\"");
    let mut backslashes = 0;
    for character in argument.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                text.push_str(&"\\".repeat(backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        text.push(character);
    }
    text.push_str(&"\\".repeat(backslashes));
    text.push('"');
    text
}
