//! Characters as a person would type them.
//!
//! A PDF's fonts map glyphs back to characters, and where several characters share a
//! glyph the wrong one may come back: `⻚` for `页`, `ﬁ` for `fi`.

use unicode_normalization::UnicodeNormalization;

/// Characters of "CJK Radicals Supplement" with the ideograph each stands for
/// (Unicode 14.0, EquivalentUnifiedIdeograph.txt); they have no decomposition.
const RADICALS: &str = "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺇𠘨⺈刀⺉刂⺊卜⺋㔾⺌小⺍小⺎兀⺏尣⺐尢⺑𡯂⺒巳⺓幺⺔彑⺕彐⺖忄⺗心⺘扌⺙攵⺛旡⺜日⺝月⺞歺⺟母⺠民⺡氵⺢氺⺣灬\
⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪𤴔⺫目⺬示⺭礻⺮𥫗⺯糹⺰纟⺱罓⺲罒⺳㓁⺴冗⺵𦉫⺶羊⺷𦍌⺸𦍋⺹耂⺺肀⺻聿⺼肉⺽𦥑⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻇𧢲\
⻈讠⻉贝⻊𧾷⻋车⻌辶⻍辶⻎辶⻏邑⻐钅⻑長⻒镸⻓长⻔门⻕𨸏⻖阝⻗雨⻘青⻙韦⻚页⻛风⻜飞⻝食⻞𩙿⻟飠⻠饣⻡𩠐⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉\
⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟";

/// `text` as a person would type it.
pub fn typed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // In fonts for simplified characters this radical is drawn as 户 is.
            '\u{2f3e}' => out.push('户'),
            '\u{2015}' => out.push('—'),
            // Kangxi radicals, compatibility ideographs and ligatures decompose.
            '\u{2f00}'..='\u{2fdf}' | '\u{f900}'..='\u{faff}' | '\u{fb00}'..='\u{fb06}' => {
                out.extend(std::iter::once(c).nfkc());
            }
            '\u{2e80}'..='\u{2ef3}' => out.push(ideograph(c)),
            '\u{a0}' | '\u{2002}'..='\u{200a}' => out.push(' '),
            // Bullets of the Symbol and Wingdings fonts.
            '\u{f0b7}' | '\u{f06c}' | '\u{f06e}' | '\u{f075}' | '\u{f0a7}' | '\u{f0d8}' | '\u{f0fc}' => out.push('•'),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The ideograph that a radical stands for.
fn ideograph(radical: char) -> char {
    let mut pairs = RADICALS.chars();
    while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
        if from == radical {
            return to;
        }
    }
    radical
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_become_what_is_typed() {
        assert_eq!(typed("⽅式：⻚⾯ ﬁle\u{a0}1"), "方式：页面 file 1");
        assert_eq!(typed("（ＳＤＫ）ℹ"), "（ＳＤＫ）ℹ");
    }
}
